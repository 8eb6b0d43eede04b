import pytest
from sqlalchemy import text

from truenav.access import tokens, users
from truenav.access.errors import BadCredentialsError, TooManyAttemptsError
from truenav.access.policy import may
from truenav.core.failure import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    UnauthenticatedError,
)
from truenav.store import audit
from truenav.store import users as store


def _seen(world, session):
    (one,) = store.list_sessions(session, "finance", now=world.clock.now())
    return one.last_seen_at


def _audit(world):
    with world.database.transaction(world.tenant) as session:
        return [(row.actor, row.action, row.subject) for row in audit.entries(session)]


def test_the_right_password_opens_a_session_for_twelve_hours(world):
    world.add("finance")
    login = world.log_in("finance")
    who = world.access.authenticate(login.token)
    assert (who.user, who.tenant, who.roles, who.via) == ("finance", world.tenant, {"finance"}, "session")
    assert (login.expires_at - world.clock.now()).total_seconds() == 12 * 3600
    assert _audit(world) == [("finance", "log-in", "finance")]


def test_wrong_password_unknown_address_and_disabled_user_are_told_apart_by_nobody(world):
    admin = world.add("administrator")
    world.add("finance")
    world.add("risk")
    with world.database.transaction(world.tenant) as session:
        users.change_user(session, admin, "risk", now=world.clock.now(), disabled=True)
    told = set()
    for user, password in (
        ("finance", "wrong password"),
        ("nobody", world.password),
        ("risk", world.password),
    ):
        with pytest.raises(BadCredentialsError) as refusal:
            world.log_in(user, password)
        told.add((refusal.value.message, str(refusal.value.context)))
    assert len(told) == 1
    assert _audit(world)[1:] == [
        ("unknown", "log-in.failed", "finance"),
        ("unknown", "log-in.failed", "risk"),
    ]


def test_after_five_wrong_passwords_even_the_right_one_must_wait(world):
    world.add("finance")
    for _ in range(5):
        with pytest.raises(BadCredentialsError):
            world.log_in("finance", "wrong password")
    with pytest.raises(TooManyAttemptsError) as refusal:
        world.log_in("finance")
    world.log_in("finance", address="192.0.2.9")
    world.clock.advance(seconds=refusal.value.retry_after)
    world.log_in("finance")


def test_a_session_ends_after_an_hour_without_use(world):
    world.add("finance")
    login = world.log_in("finance")
    world.clock.advance(minutes=59)
    world.access.authenticate(login.token)
    world.clock.advance(minutes=59)
    world.access.authenticate(login.token)
    world.clock.advance(minutes=60)
    with pytest.raises(UnauthenticatedError, match="expired"):
        world.access.authenticate(login.token)


def test_reading_sees_one_state_whatever_happens_meanwhile(world):
    admin = world.add("administrator")
    world.add("finance")
    login = world.log_in("finance")
    world.clock.advance(minutes=59)
    with world.access.reading(login.token) as (who, session):
        before = _seen(world, session)
        assert who == world.access.authenticate(login.token)  # which notes the use
        assert _seen(world, session) == before
        with world.database.transaction(world.tenant) as other:
            assert _seen(world, other) == world.clock.now()
            users.change_user(other, admin, "finance", now=world.clock.now(), disabled=True)
    with pytest.raises(UnauthenticatedError), world.access.reading(login.token):
        pytest.fail("a disabled user reads")


def test_reading_is_use_even_where_the_request_fails(world):
    world.add("finance")
    login = world.log_in("finance")
    for _ in range(3):
        world.clock.advance(minutes=59)
        with pytest.raises(ZeroDivisionError), world.access.reading(login.token):
            raise ZeroDivisionError
    with world.access.reading(login.token) as (who, _):
        assert who.user == "finance"


def test_an_api_token_reads_within_its_scopes(world):
    issued = _issue(world, world.add("finance"), "nav:read")
    with world.access.reading(issued.secret) as (reader, _):
        assert (reader.user, reader.scopes, reader.via) == ("finance", {"nav:read"}, "token")


def test_a_session_ends_after_twelve_hours_however_busy(world):
    world.add("finance")
    login = world.log_in("finance")
    for _ in range(23):
        world.clock.advance(minutes=30)
        world.access.authenticate(login.token)
    world.clock.advance(minutes=30)
    with pytest.raises(UnauthenticatedError, match="expired"):
        world.access.authenticate(login.token)


def test_log_out_ends_the_session_on_the_server(world):
    world.add("finance")
    login = world.log_in("finance")
    world.access.log_out(login.principal, login.token)
    with pytest.raises(UnauthenticatedError, match="ended"):
        world.access.authenticate(login.token)


@pytest.mark.parametrize("token", ["", "tn_", "nonsense", "tn_" + "A" * 43, "\ud800", "a" * 100_000])
def test_a_token_that_nobody_gave_is_nobodys(world, token):
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(token)


def _issue(world, who, *scopes, expires_at=None):
    with world.database.transaction(world.tenant) as session:
        return tokens.issue_token(
            session, who, name="report", scopes=scopes, expires_at=expires_at, now=world.clock.now()
        )


def test_an_api_token_works_within_its_scopes_until_it_is_revoked(world):
    finance = world.add("finance")
    issued = _issue(world, finance, "nav:read")
    who = world.access.authenticate(issued.secret)
    assert issued.secret.startswith("tn_")
    assert may(who, "nav:read")
    assert not may(who, "nav:strike")
    with world.database.transaction(world.tenant) as session:
        tokens.revoke_token(session, finance, issued.token.id, now=world.clock.now())
    with pytest.raises(UnauthenticatedError, match="revoked"):
        world.access.authenticate(issued.secret)


def test_an_api_token_ends_at_its_time(world):
    finance = world.add("finance")
    end = world.clock.now().replace(hour=20)
    issued = _issue(world, finance, "nav:read", expires_at=end)
    world.clock.instant = end
    with pytest.raises(UnauthenticatedError, match="expired"):
        world.access.authenticate(issued.secret)
    with pytest.raises(InvalidInputError, match="is over"):
        _issue(world, finance, "nav:read", expires_at=end)


def test_a_token_loses_what_its_owner_loses(world):
    admin, finance = world.add("administrator"), world.add("finance")
    issued = _issue(world, finance, "nav:strike")
    with world.database.transaction(world.tenant) as session:
        users.change_user(session, admin, "finance", now=world.clock.now(), roles=["auditor"])
    assert not may(world.access.authenticate(issued.secret), "nav:strike")


def test_nobody_revokes_somebody_elses_token(world):
    issued = _issue(world, world.add("finance"), "nav:read")
    risk = world.add("risk")
    with world.database.transaction(world.tenant) as session, pytest.raises(NotFoundError):
        tokens.revoke_token(session, risk, issued.token.id, now=world.clock.now())


def test_no_token_makes_tokens(world):
    world.add("finance")
    issued = _issue(world, world.principal("finance"), "self:write")
    holder = world.access.authenticate(issued.secret)
    with pytest.raises(ForbiddenError, match="log in instead"):
        _issue(world, holder, "nav:read")


def test_the_database_holds_neither_passwords_nor_tokens(world):
    finance = world.add("finance")
    secrets = [world.password, world.log_in("finance").token, _issue(world, finance, "nav:read").secret]
    with world.database.transaction(world.tenant) as session:
        for table in ("app_user", "login_session", "api_token", "audit_entry"):
            dump = str(session.execute(text(f"SELECT t::text FROM {table} t")).all())
            assert dump != "[]"
            assert not any(secret in dump for secret in secrets)


def test_one_address_in_two_tenants_names_the_tenant(world, make_world):
    other = make_world()
    world.add("finance")
    with world.database.transaction(world.tenant) as session:
        session.execute(text("UPDATE app_user SET email = 'same@x.test'"))
    other.add("finance")
    with other.database.transaction(other.tenant) as session:
        session.execute(text("UPDATE app_user SET email = 'same@x.test'"))
    with pytest.raises(InvalidInputError, match="name the tenant"):
        world.access.log_in("same@x.test", world.password, address="192.0.2.1")
    login = world.access.log_in("same@x.test", world.password, address="192.0.2.1", tenant=other.tenant)
    assert login.principal.tenant == other.tenant

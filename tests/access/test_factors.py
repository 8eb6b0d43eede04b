"""Second factors: codes of a generator against the published vectors, recovery codes, rules of the tenant."""

import base64
import hashlib
import hmac
import struct
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from tests.access.conftest import VAULT

from truenav.access import factors, tokens, users
from truenav.access.errors import (
    BadCredentialsError,
    FactorNeededError,
    TooManyAttemptsError,
    WeakPasswordError,
    WrongFactorError,
)
from truenav.access.policy import may
from truenav.access.service import FactorStep, LogIn, Visitor
from truenav.access.sessions import FRESH
from truenav.access.tickets import TicketRefusedError
from truenav.core.failure import ForbiddenError, NotFoundError, UnauthenticatedError
from truenav.store import audit
from truenav.store import factors as store
from truenav.store import users as people

HERE = Visitor("192.0.2.1", "test")

# RFC 6238, appendix B, SHA-1: the last six of the eight digits.
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
RFC_SECRET = base64.b32encode(b"12345678901234567890")


def code_at(secret: str, instant: datetime) -> str:
    """The six digits of RFC 4226 and 6238, computed here a second time."""
    counter = struct.pack(">Q", int(instant.timestamp()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def enrol(world, principal):
    """Add a generator; gives its secret and the recovery codes."""
    now = world.clock.now()
    with world.database.transaction(world.tenant) as session:
        made = factors.begin_generator(session, VAULT, principal, name="phone", now=now)
    with world.database.transaction(world.tenant) as session:
        code = code_at(made.secret, now)
        codes = factors.confirm_generator(session, VAULT, principal, made.id, code=code, now=now)
    world.clock.advance(seconds=30)  # the code of this step was used
    return made.secret, codes


def begin(world, user, password=None):
    return world.access.begin_log_in(world.email(user), password or world.password, visitor=HERE)


@pytest.mark.parametrize(("second", "code"), VECTORS)
def test_codes_are_those_of_the_standard(world, second, code):
    finance = world.add("finance")
    at = datetime.fromtimestamp(second, UTC)
    with world.database.transaction(world.tenant) as session:
        made = factors.begin_generator(session, VAULT, finance, name="phone", now=at)
        VAULT.put(session, f"totp/{made.id}", RFC_SECRET, at=at)
        assert factors.confirm_generator(session, VAULT, finance, made.id, code=code, now=at)
    assert code_at(RFC_SECRET.decode(), at) == code


def test_with_a_generator_the_password_alone_opens_nothing(world):
    finance = world.add("finance")
    secret, _ = enrol(world, finance)
    with pytest.raises(FactorNeededError):
        world.log_in("finance")
    step = begin(world, "finance")
    assert step.factors == ("totp", "recovery")
    login = world.access.finish_log_in(step.ticket, code_at(secret, world.clock.now()), visitor=HERE)
    assert world.access.authenticate(login.token).user == "finance"
    with world.database.transaction(world.tenant) as session:
        (opened,) = people.list_sessions(session, finance.user, now=world.clock.now())
        assert opened.proof.methods == ("password", "totp")


def test_a_code_opens_once_and_an_earlier_one_not_after_it(world):
    secret, _ = enrol(world, world.add("finance"))
    now = world.clock.now()
    world.access.finish_log_in(begin(world, "finance").ticket, code_at(secret, now), visitor=HERE)
    for instant in (now, now.replace(minute=(now.minute - 1) % 60)):
        step = begin(world, "finance")
        with pytest.raises(BadCredentialsError):
            world.access.finish_log_in(step.ticket, code_at(secret, instant), visitor=HERE)


@pytest.mark.parametrize(("seconds", "fits"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off_and_no_more(world, seconds, fits):
    secret, _ = enrol(world, world.add("finance"))
    world.clock.advance(minutes=10)
    code = code_at(secret, datetime.fromtimestamp(world.clock.now().timestamp() + seconds, UTC))
    step = begin(world, "finance")
    if fits:
        assert isinstance(world.access.finish_log_in(step.ticket, code, visitor=HERE), LogIn)
    else:
        with pytest.raises(BadCredentialsError):
            world.access.finish_log_in(step.ticket, code, visitor=HERE)


def test_the_second_step_expires_is_used_once_and_belongs_to_nobody_else(world, make_world):
    secret, _ = enrol(world, world.add("finance"))
    step = begin(world, "finance")
    world.clock.advance(minutes=6)
    with pytest.raises(TicketRefusedError):
        world.access.finish_log_in(step.ticket, code_at(secret, world.clock.now()), visitor=HERE)
    step = begin(world, "finance")
    world.access.finish_log_in(step.ticket, code_at(secret, world.clock.now()), visitor=HERE)
    world.clock.advance(seconds=30)
    foreign = f"{make_world().tenant}.{step.ticket.partition('.')[2]}"
    for ticket in (step.ticket, foreign, "", "no.ticket", "\ud800"):
        with pytest.raises(TicketRefusedError):
            world.access.finish_log_in(ticket, code_at(secret, world.clock.now()), visitor=HERE)


def test_guessing_codes_is_slowed_down_and_told_to_the_user_at_the_next_log_in(world):
    secret, _ = enrol(world, world.add("finance"))
    step = begin(world, "finance")
    for _ in range(5):
        with pytest.raises(BadCredentialsError):
            world.access.finish_log_in(step.ticket, "000000", visitor=HERE)
    with pytest.raises(TooManyAttemptsError) as refusal:
        world.access.finish_log_in(step.ticket, code_at(secret, world.clock.now()), visitor=HERE)
    world.clock.advance(seconds=refusal.value.retry_after)
    login = world.access.finish_log_in(step.ticket, code_at(secret, world.clock.now()), visitor=HERE)
    assert login.before.failures == 5


def test_a_recovery_code_opens_once_however_it_is_typed(world):
    finance = world.add("finance")
    _, codes = enrol(world, finance)
    assert len(set(codes)) == 10
    typed = codes[3].lower().replace("-", " ").replace("0", "o").replace("1", "l")
    assert isinstance(world.access.finish_log_in(begin(world, "finance").ticket, typed, visitor=HERE), LogIn)
    with pytest.raises(BadCredentialsError):
        world.access.finish_log_in(begin(world, "finance").ticket, codes[3], visitor=HERE)
    with world.database.transaction(world.tenant) as session:
        assert store.count_recovery_codes(session, finance.user) == 9
        new = factors.renew_recovery_codes(session, finance, now=world.clock.now())
    with pytest.raises(BadCredentialsError):
        world.access.finish_log_in(begin(world, "finance").ticket, codes[4], visitor=HERE)
    assert isinstance(world.access.finish_log_in(begin(world, "finance").ticket, new[0], visitor=HERE), LogIn)


def test_a_generator_counts_only_after_its_first_code(world):
    finance = world.add("finance")
    now = world.clock.now()
    with world.database.transaction(world.tenant) as session:
        made = factors.begin_generator(session, VAULT, finance, name="phone", now=now)
        with pytest.raises(WrongFactorError):
            factors.confirm_generator(session, VAULT, finance, made.id, code="123456", now=now)
    assert isinstance(begin(world, "finance"), LogIn)
    with world.database.transaction(world.tenant) as session:
        factors.begin_generator(session, VAULT, finance, name="again", now=now)
        with pytest.raises(NotFoundError):
            factors.confirm_generator(session, VAULT, finance, made.id, code="123456", now=now)


def test_somebody_elses_factor_cannot_be_confirmed_or_removed(world):
    finance, risk = world.add("finance"), world.add("risk")
    enrol(world, finance)
    with world.database.transaction(world.tenant) as session:
        (theirs,) = store.list_factors(session, finance.user)
        with pytest.raises(NotFoundError):
            factors.remove_factor(session, VAULT, risk, theirs.id, now=world.clock.now())
        with pytest.raises(NotFoundError):
            factors.confirm_generator(session, VAULT, risk, theirs.id, code="1", now=world.clock.now())


def test_without_its_last_factor_the_password_is_enough_again_and_no_recovery_code_is_left(world):
    finance = world.add("finance")
    enrol(world, finance)
    with world.database.transaction(world.tenant) as session:
        (mine,) = store.list_factors(session, finance.user)
        factors.remove_factor(session, VAULT, finance, mine.id, now=world.clock.now())
        assert store.count_recovery_codes(session, finance.user) == 0
        assert VAULT.names(session) == ()
    assert isinstance(begin(world, "finance"), LogIn)


def test_an_administrator_resets_a_lost_factor_for_others_and_never_for_themselves(world):
    admin, finance = world.add("administrator"), world.add("finance")
    secret, _ = enrol(world, finance)
    step = begin(world, "finance")
    token = world.access.finish_log_in(step.ticket, code_at(secret, world.clock.now()), visitor=HERE).token
    now = world.clock.now()
    with world.database.transaction(world.tenant) as session:
        assert factors.reset_factors(session, VAULT, admin, finance.user, now=now) == 1
        for who, whom in ((admin, admin), (finance, admin)):
            with pytest.raises(ForbiddenError):
                factors.reset_factors(session, VAULT, who, whom.user, now=now)
        entries = [(row.actor, row.action, row.subject) for row in audit.entries(session)]
        assert entries[-1] == ("administrator", "factor.reset", "finance")
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(token)
    assert isinstance(begin(world, "finance"), LogIn)


def test_where_everybody_needs_a_factor_who_has_none_can_do_nothing_but_add_one(world):
    admin, finance = world.add("administrator"), world.add("finance")
    before = world.log_in("finance")
    with world.database.transaction(world.tenant) as session:
        factors.require_factor(session, admin, True, now=world.clock.now())
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(before.token)
    login = begin(world, "finance")
    assert login.limited == "factor"
    who = world.access.authenticate(login.token)
    assert may(who, "self:write")
    assert not may(who, "nav:read")
    enrol(world, finance)
    assert may(world.access.authenticate(login.token), "nav:read")


def test_a_short_password_needs_a_factor_beside_it(world):
    admin, finance = world.add("administrator"), world.add("finance")
    short, now = "kR7#vv2!pL", world.clock.now()
    with world.database.transaction(world.tenant) as session, pytest.raises(WeakPasswordError):
        users.change_user(session, admin, finance.user, now=now, password=short)
    secret, _ = enrol(world, finance)
    with world.database.transaction(world.tenant) as session:
        users.change_user(session, admin, finance.user, now=now, password=short)
    code = code_at(secret, world.clock.now())
    assert (
        world.access.finish_log_in(begin(world, "finance", short).ticket, code, visitor=HERE).limited is None
    )
    with world.database.transaction(world.tenant) as session:
        factors.reset_factors(session, VAULT, admin, finance.user, now=now)
    login = begin(world, "finance", short)
    assert login.limited == "password"
    assert not may(world.access.authenticate(login.token), "nav:read")


def test_a_proof_is_fresh_for_ten_minutes_and_renewed_by_a_new_token_that_ends_no_later(world):
    finance = world.add("finance")
    secret, _ = enrol(world, finance)
    step = begin(world, "finance")
    login = world.access.finish_log_in(step.ticket, code_at(secret, world.clock.now()), visitor=HERE)
    world.access.refuse_stale(login.token)
    world.clock.advance(seconds=FRESH.total_seconds() + 1)
    with pytest.raises(ForbiddenError, match="fresh proof"):
        world.access.refuse_stale(login.token)
    code = code_at(secret, world.clock.now())
    with pytest.raises(WrongFactorError):
        world.access.confirm(finance, login.token, password=world.password, code=None, visitor=HERE)
    renewed = world.access.confirm(finance, login.token, password=world.password, code=code, visitor=HERE)
    assert renewed.expires_at == login.expires_at
    world.access.refuse_stale(renewed.token)
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(login.token)


def test_an_api_token_needs_no_factor_and_mints_no_rights(world):
    finance = world.add("finance")
    with world.database.transaction(world.tenant) as session:
        issued = tokens.issue_token(
            session, finance, name="t", scopes=["self:write"], expires_at=None, now=world.clock.now()
        )
    enrol(world, finance)
    holder = world.access.authenticate(issued.secret)
    with world.database.transaction(world.tenant) as session, pytest.raises(ForbiddenError):
        factors.begin_generator(session, VAULT, holder, name="mine", now=world.clock.now())


def test_the_database_holds_neither_secrets_nor_codes_nor_tickets(world):
    secret, codes = enrol(world, world.add("finance"))
    step = begin(world, "finance")
    assert isinstance(step, FactorStep)
    with world.database.transaction(world.tenant) as session:
        for table in ("second_factor", "recovery_code", "one_time_ticket", "secret", "audit_entry"):
            dump = str(session.execute(text(f"SELECT t::text FROM {table} t")).all())
            assert dump != "[]"
            assert not any(one in dump for one in (secret, *codes, step.ticket))

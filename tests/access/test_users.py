import pytest

from truenav.access import users
from truenav.access.bootstrap import create_tenant
from truenav.access.errors import TooManyAttemptsError, WeakPasswordError, WrongPasswordError
from truenav.access.users import NewUser
from truenav.core.failure import ConflictError, ForbiddenError, InvalidInputError, UnauthenticatedError
from truenav.store import audit
from truenav.store import users as store

NEW = "nine.blue.kettles"


def _new(world, user="clara", *roles, password=NEW, email=None):
    return NewUser(user, "Clara", email or world.email(user), roles or ("risk",), password)


def _change(world, who, user, **what):
    with world.database.transaction(world.tenant) as session:
        return users.change_user(session, who, user, now=world.clock.now(), **what)


def test_an_administrator_adds_a_user_who_can_log_in_and_the_audit_says_so(world):
    admin = world.add("administrator")
    with world.database.transaction(world.tenant) as session:
        users.add_user(session, admin, _new(world, email=" Clara@X.Test "), now=world.clock.now())
        entry = audit.entries(session)[-1]
    assert (entry.actor, entry.action, entry.subject) == ("administrator", "user.add", "clara")
    assert NEW not in entry.detail
    assert world.access.log_in("clara@x.test", NEW, address="192.0.2.1").principal.roles == {"risk"}


@pytest.mark.parametrize("role", ["manager", "finance", "risk", "auditor", "operator", "investor"])
def test_nobody_else_adds_users(world, role):
    who = world.add(role)
    with world.database.transaction(world.tenant) as session, pytest.raises(ForbiddenError):
        users.add_user(session, who, _new(world), now=world.clock.now())


def test_bad_ids_addresses_roles_and_passwords_are_refused_before_anything_is_stored(world):
    admin = world.add("administrator")
    for bad, refusal in (
        (_new(world, "Clara!"), InvalidInputError),
        (_new(world, "system"), InvalidInputError),
        (_new(world, email="clara"), InvalidInputError),
        (_new(world, "clara", "boss"), InvalidInputError),
        (_new(world, password="clara-clara-1"), WeakPasswordError),
        (_new(world, "administrator"), ConflictError),
    ):
        with world.database.transaction(world.tenant) as session, pytest.raises(refusal):
            users.add_user(session, admin, bad, now=world.clock.now())
    with world.database.transaction(world.tenant) as session:
        assert [user.id for user in store.list_users(session)] == ["administrator"]


def test_nobody_changes_their_own_account_by_the_administrators_door(world):
    admin = world.add("administrator")
    with pytest.raises(ForbiddenError, match="another administrator"):
        _change(world, admin, "administrator", roles=["finance"])


def test_disabling_a_user_ends_sessions_and_enabling_needs_a_new_log_in(world):
    admin = world.add("administrator")
    world.add("finance")
    login = world.log_in("finance")
    _change(world, admin, "finance", disabled=True)
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(login.token)
    _change(world, admin, "finance", disabled=False)
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(login.token)
    world.log_in("finance")


def test_a_new_password_ends_all_sessions(world):
    world.add("finance")
    login = world.log_in("finance")
    with world.database.transaction(world.tenant) as session:
        world.access.change_own_password(
            session, login.principal, present=world.password, new=NEW, address="192.0.2.1"
        )
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(login.token)
    world.log_in("finance", NEW)


def test_a_new_password_needs_the_present_one_and_guessing_it_is_slowed_down(world):
    who = world.add("finance")
    refusals = [WrongPasswordError] * 5 + [TooManyAttemptsError]
    for refusal in refusals:
        with world.database.transaction(world.tenant) as session, pytest.raises(refusal):
            world.access.change_own_password(
                session, who, present="something else", new=NEW, address="192.0.2.1"
            )


def test_a_tenant_begins_with_its_administrator(world):
    first = NewUser("root-user", "Rosa", f"rosa@{world.tenant}-b.test", ("administrator",), NEW)
    create_tenant(world.database, f"{world.tenant}-b", name="B", administrator=first, now=world.clock.now())
    assert world.access.log_in(first.email, NEW, address="192.0.2.1").principal.tenant == f"{world.tenant}-b"
    with pytest.raises(ConflictError, match="exists already"):
        create_tenant(
            world.database, f"{world.tenant}-b", name="B", administrator=first, now=world.clock.now()
        )


def test_a_tenant_does_not_begin_with_anybody_else(world):
    other = NewUser("clara", "Clara", "clara@x.test", ("manager",), NEW)
    with pytest.raises(InvalidInputError, match="administrator"):
        create_tenant(world.database, "new-house", name="New", administrator=other, now=world.clock.now())

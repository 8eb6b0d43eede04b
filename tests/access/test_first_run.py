"""A new installation is set up once, by who can read its console; links let people in once."""

import pytest
from sqlalchemy import text
from tests.access.conftest import PASSWORD

from truenav.access import first_run, links
from truenav.access.errors import BadCredentialsError, WeakPasswordError
from truenav.access.first_run import SetUpAlreadyError
from truenav.access.tickets import TicketRefusedError
from truenav.access.users import NewUser
from truenav.core.failure import ConflictError, ForbiddenError, InvalidInputError, UnauthenticatedError
from truenav.store import audit, migrate
from truenav.store import users as people
from truenav.store.database import Database
from truenav.store.postgres import Role

ADMIN = NewUser("ada", "Ada", "ada@example.com", ("administrator",), PASSWORD)


@pytest.fixture
def empty(fresh_database):
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    yield database
    database.close()


def test_the_token_of_the_console_makes_the_first_tenant_once(empty, world):
    now = world.clock.now()
    earlier = first_run.offer_setup(empty, now=now)
    token = first_run.offer_setup(empty, now=now)
    arguments = {"name": "Alpha", "now": now}
    for wrong in (earlier, "guess", f"alpha.{token.partition('.')[2]}x"):
        with pytest.raises(TicketRefusedError):
            first_run.set_up(empty, wrong, "alpha", administrator=ADMIN, **arguments)
    weak = NewUser("ada", "Ada", "ada@example.com", ("administrator",), "password")
    with pytest.raises(WeakPasswordError):
        first_run.set_up(empty, token, "alpha", administrator=weak, **arguments)
    with pytest.raises(InvalidInputError, match="reserved"):
        first_run.set_up(empty, token, "truenav-door", administrator=ADMIN, **arguments)
    assert first_run.is_new(empty)
    assert first_run.set_up(empty, token, "alpha", administrator=ADMIN, **arguments).id == "ada"
    with pytest.raises(SetUpAlreadyError):
        first_run.set_up(empty, token, "beta", administrator=ADMIN, **arguments)
    assert first_run.offer_setup(empty, now=now) is None


def invite(world, admin, **changes):
    given = {"id": "ben", "name": "Ben", "email": f"ben@{world.tenant}.test", "roles": ("risk",)}
    with world.database.transaction(world.tenant) as session:
        return links.invite(session, admin, NewUser(**{**given, **changes}), now=world.clock.now())


def use(world, link, password=PASSWORD):
    with world.database.transaction(world.tenant) as session:
        return links.use_link(session, link.ticket, password, now=world.clock.now())


def test_an_invited_person_chooses_the_password_and_nobody_gets_in_before(world):
    link = invite(world, world.add("administrator"))
    for guess in ("", "!", PASSWORD):
        with pytest.raises(BadCredentialsError):
            world.log_in("ben", guess)
    with pytest.raises(WeakPasswordError):
        use(world, link, "ben-ben-ben-2026")
    assert use(world, link).id == "ben"
    assert world.log_in("ben").principal.roles == {"risk"}
    with pytest.raises(TicketRefusedError):
        use(world, link)


def test_an_invitation_ends_after_three_days_and_can_be_made_anew(world):
    admin = world.add("administrator")
    link = invite(world, admin)
    world.clock.advance(hours=72)
    with pytest.raises(TicketRefusedError):
        use(world, link)
    with world.database.transaction(world.tenant) as session:
        again = links.password_link(session, admin, "ben", now=world.clock.now())
        found, user = links.look_at_link(session, again.ticket, now=world.clock.now())
    assert (found.purpose, user.name) == ("invitation", "Ben")
    use(world, again)


def test_a_link_for_a_new_password_is_audited_ends_sessions_and_only_the_newest_works(world):
    admin, finance = world.add("administrator"), world.add("finance")
    token = world.log_in("finance").token
    with world.database.transaction(world.tenant) as session:
        first = links.password_link(session, admin, finance.user, now=world.clock.now())
        second = links.password_link(session, admin, finance.user, now=world.clock.now())
    with pytest.raises(TicketRefusedError):
        use(world, first, "nine.blue.kettles")
    world.access.authenticate(token)
    use(world, second, "nine.blue.kettles")
    with pytest.raises(UnauthenticatedError):
        world.access.authenticate(token)
    world.log_in("finance", "nine.blue.kettles")
    with world.database.transaction(world.tenant) as session:
        entries = [(row.actor, row.action) for row in audit.entries(session)]
        kept = str(session.execute(text("SELECT t::text FROM one_time_ticket t")).all())
    assert ("administrator", "password.link") in entries
    assert ("finance", "password.accept") in entries
    assert second.ticket not in kept


def test_nobody_makes_a_link_for_themselves_without_the_right_or_for_the_disabled(world):
    admin, finance = world.add("administrator"), world.add("finance")
    now = world.clock.now()
    with world.database.transaction(world.tenant) as session:
        for who, whom in ((admin, admin), (finance, admin), (finance, finance)):
            with pytest.raises(ForbiddenError):
                links.password_link(session, who, whom.user, now=now)
        people.disable_user(session, finance.user, at=now)
        with pytest.raises(ConflictError):
            links.password_link(session, admin, finance.user, now=now)

"""The first run: an installation without any tenant is set up once, by who can read its console."""

from __future__ import annotations

from datetime import datetime

from truenav.access.bootstrap import create_tenant
from truenav.access.tickets import DOOR, issue_ticket, use_ticket
from truenav.access.users import NewUser
from truenav.core.failure import ForbiddenError
from truenav.store import logins
from truenav.store.database import Database
from truenav.store.tenants import list_tenants
from truenav.store.users import User


class SetUpAlreadyError(ForbiddenError):
    """The installation has a tenant, and so nothing to be set up."""

    code = "set-up-already"
    title = "The installation is set up already"


def is_new(database: Database) -> bool:
    """Whether the installation has no tenant yet."""
    with database.lookup() as session:
        return not list_tenants(session)


def offer_setup(database: Database, *, now: datetime) -> str | None:
    """The token with which a new installation is set up, in place of an earlier one; None when it is not new.

    Show it on the console only: whoever has it becomes the administrator.
    """
    if not is_new(database):
        return None
    with database.transaction(DOOR) as session:
        logins.forget_tickets(session, "setup")
        return issue_ticket(session, "setup", now=now)


def set_up(
    database: Database, token: str, tenant: str, *, name: str, administrator: NewUser, now: datetime
) -> User:
    """Make the first tenant and its administrator; the token is used up when both are there.

    Raises ``SetUpAlreadyError`` for ever after, and ``TicketRefusedError`` for a token that is not good.
    """
    if not is_new(database):
        raise SetUpAlreadyError("This installation is set up; ask its administrator for an invitation.")
    with database.transaction(DOOR) as session:
        use_ticket(session, token, "setup", now=now)  # held until the tenant is there: nobody else passes
        return create_tenant(database, tenant, name=name, administrator=administrator, now=now)

"""Set up a new installation, what its log-in page offers, and the checklist of a new tenant."""

from __future__ import annotations

from fastapi import Request, Response

from truenav.access import first_run
from truenav.access.users import NewUser
from truenav.app.access.schemas import Email, Password
from truenav.app.house import House
from truenav.app.http.context import HouseDep, SessionDep
from truenav.app.http.login import client_address, refuse_foreign_origin
from truenav.app.http.models import Answer, Body, ShortText, Slug
from truenav.app.http.routes import Router, public, requires
from truenav.app.login.endpoints import enter
from truenav.app.login.parties import NoPublicAddressError, relying_party
from truenav.app.login.schemas import LoggedIn, TicketText
from truenav.core.ids import TenantId
from truenav.store.checklist import done_steps
from truenav.store.database import Database, tenant_ids
from truenav.store.logins import get_single_sign_on

router = Router(prefix="/setup", tags=["setup"])


class Welcome(Answer):
    """What the log-in page offers.

    ``new``: nothing is set up yet; ask for the token on the console. ``passkeys``: this address can use
    them. ``single_sign_on``: the installation's only tenant, where it has an identity provider; in an
    installation of many the person names the tenant.
    """

    new: bool
    passkeys: bool
    single_sign_on: str | None


class SetupBody(Body):
    """The organisation and its administrator, with the token from the console."""

    token: TicketText
    tenant: Slug
    organisation: ShortText
    id: Slug
    name: ShortText
    email: Email
    password: Password


class Step(Answer):
    """One of the first steps."""

    step: str
    done: bool


class Checklist(Answer):
    """The first steps in their order: connect, import, tree, strike."""

    steps: list[Step]


@router.get("", dependencies=[public()])
def get_welcome(request: Request, house: HouseDep) -> Welcome:
    """What the log-in page offers here."""
    return Welcome(
        new=first_run.is_new(house.database),
        passkeys=_has_passkeys(request, house),
        single_sign_on=_only_tenant_with_sign_on(house.database),
    )


@router.post("", status_code=201, dependencies=[public()])
def set_up(body: SetupBody, request: Request, response: Response, house: HouseDep) -> LoggedIn:
    """Make the organisation and its administrator, and log them in; refused for ever after."""
    refuse_foreign_origin(request)
    administrator = NewUser(body.id, body.name, body.email, ("administrator",), body.password)
    made = first_run.set_up(
        house.database,
        body.token,
        body.tenant,
        name=body.organisation,
        administrator=administrator,
        now=house.clock.now(),
    )
    login = house.access.log_in(
        made.email, body.password, address=client_address(request), tenant=body.tenant
    )
    return enter(request, response, house, login)


@router.get("/checklist", dependencies=[requires("portfolio:read", sight="narrowed")])
def get_checklist(session: SessionDep) -> Checklist:
    """How far the tenant has come, read from what it holds."""
    return Checklist(steps=[Step(step=name, done=done) for name, done in done_steps(session).items()])


def _has_passkeys(request: Request, house: House) -> bool:
    try:
        relying_party(request, house.settings)
    except NoPublicAddressError:
        return False
    return True


def _only_tenant_with_sign_on(database: Database) -> TenantId | None:
    with database.lookup() as session:
        tenants = tenant_ids(session)
    if len(tenants) != 1:
        return None
    with database.transaction(tenants[0]) as session:
        return None if get_single_sign_on(session) is None else tenants[0]

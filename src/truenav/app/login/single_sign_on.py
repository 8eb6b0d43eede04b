"""Log-in through the tenant's identity provider (OpenID Connect), and what an administrator sets for it."""

from __future__ import annotations

from html import escape
from typing import Annotated, Any, Self

from fastapi import Query, Request, Response
from pydantic import Field, StringConstraints
from starlette.responses import HTMLResponse

from truenav.access.sign_on import NoSingleSignOnError, Return, SignOn
from truenav.app.house import House
from truenav.app.http.context import HouseDep, NowDep, PrincipalDep, SessionDep
from truenav.app.http.login import (
    cookie_name,
    is_secure,
    refuse_foreign_origin,
    set_cookie,
    visitor,
)
from truenav.app.http.models import Answer, Body, ShortText, Slug
from truenav.app.http.problems import refusals
from truenav.app.http.routes import API_PREFIX, Router, public, requires
from truenav.app.login.parties import public_origin
from truenav.core.failure import TruenavError
from truenav.core.ids import TenantId
from truenav.store import logins
from truenav.store.logins import SingleSignOn

router = Router(tags=["log-in"])

BINDING_COOKIE = "truenav_sign_on"
CALLBACK = f"{API_PREFIX}/login/single-sign-on/callback"
_JOURNEY_SECONDS = 600

Url = Annotated[str, StringConstraints(min_length=8, max_length=500)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=253)]
Names = Annotated[list[Name], Field(max_length=20)]
RoleNames = Annotated[list[ShortText], Field(max_length=20)]
Parameter = Annotated[str, Query(max_length=4000)]


class SignOnBody(Body):
    """Which tenant's provider to go to."""

    tenant: Slug


class SignOnUrl(Answer):
    """Where the browser goes."""

    url: str


class ProviderBody(Body):
    """The tenant's identity provider.

    ``hosts``: further hosts that its addresses may have; ``domains``: whose e-mail addresses are let in;
    ``role_map``: from values of the claim ``roles_claim`` to roles, set anew at each log-in;
    ``creates_users``: unknown people get in, with ``default_roles`` where no claim decides. A
    ``client_secret`` that is left out stays as it is.
    """

    issuer: Url
    client_id: ShortText
    client_secret: Annotated[str, StringConstraints(min_length=1, max_length=500)] | None = None
    hosts: Names = Field(default_factory=list)
    domains: Names
    roles_claim: ShortText | None = None
    role_map: Annotated[dict[Name, RoleNames], Field(default_factory=dict, max_length=100)]
    creates_users: bool = False
    default_roles: RoleNames = Field(default_factory=list)

    def chosen(self) -> SingleSignOn:
        """The choice without the secret."""
        return SingleSignOn(
            issuer=self.issuer,
            client_id=self.client_id,
            hosts=tuple(host.lower() for host in self.hosts),
            domains=tuple(domain.lower() for domain in self.domains),
            roles_claim=self.roles_claim,
            role_map={claim: tuple(roles) for claim, roles in self.role_map.items()},
            creates_users=self.creates_users,
            default_roles=tuple(self.default_roles),
        )


class ProviderAnswer(Answer):
    """The tenant's identity provider, without its secret; ``redirect_uri`` is to be registered there."""

    issuer: str
    client_id: str
    hosts: list[str]
    domains: list[str]
    roles_claim: str | None
    role_map: dict[str, list[str]]
    creates_users: bool
    default_roles: list[str]
    redirect_uri: str

    @classmethod
    def of(cls, chosen: SingleSignOn, redirect_uri: str) -> Self:
        """The provider as an administrator sees it."""
        return cls(
            issuer=chosen.issuer,
            client_id=chosen.client_id,
            hosts=list(chosen.hosts),
            domains=list(chosen.domains),
            roles_claim=chosen.roles_claim,
            role_map={claim: list(roles) for claim, roles in chosen.role_map.items()},
            creates_users=chosen.creates_users,
            default_roles=list(chosen.default_roles),
            redirect_uri=redirect_uri,
        )


@router.post("/login/single-sign-on", dependencies=[public()], responses=refusals(404, 502))
def begin_sign_on(
    body: SignOnBody, request: Request, response: Response, house: HouseDep, now: NowDep
) -> SignOnUrl:
    """Begin a log-in at the tenant's provider; the browser then opens ``url``."""
    refuse_foreign_origin(request)
    redirect_uri = _redirect_uri(request, house)
    departure = _sign_on(house).begin(TenantId(body.tenant), redirect_uri, now=now)
    # Lax, not Strict: the browser must bring it along when the provider sends it back to us.
    response.set_cookie(
        cookie_name(request, BINDING_COOKIE),
        departure.binding,
        max_age=_JOURNEY_SECONDS,
        path="/",
        httponly=True,
        samesite="lax",
        secure=is_secure(request),
    )
    return SignOnUrl(url=departure.url)


_PAGES: dict[int | str, dict[str, Any]] = {
    status: {"description": told, "content": {"text/html": {}}}
    for status, told in (
        (200, "Logged in; the page leads to the app"),
        (401, "The log-in was used, has expired, or was begun elsewhere"),
        (403, "The provider's statement does not hold, or the tenant does not let this person in"),
        (404, "The tenant has no single sign-on"),
        (502, "The provider does not answer"),
    )
}


@router.get(
    "/login/single-sign-on/callback",
    dependencies=[public()],
    response_class=HTMLResponse,
    responses=_PAGES,
)
def finish_sign_on(
    request: Request,
    house: HouseDep,
    now: NowDep,
    *,
    state: Parameter = "",
    code: Parameter = "",
    iss: Parameter | None = None,
    error: Parameter | None = None,
) -> Response:
    """Where the provider sends the browser back to: a session, or a page that says why not."""
    binding = request.cookies.get(cookie_name(request, BINDING_COOKIE), "")
    back = Return(state, code, binding, iss)
    try:
        login = _sign_on(house).finish(back, visitor=visitor(request), now=now)
    except TruenavError as refusal:
        if refusal.status >= 500 and refusal.status != 502:
            raise
        told = "The provider did not log you in." if error is not None else refusal.message
        response: Response = _page(told, status=refusal.status)
    else:
        response = _page("You are logged in.", status=200, onward=True)
        set_cookie(request, response, login)
    response.delete_cookie(
        cookie_name(request, BINDING_COOKIE), path="/", httponly=True, secure=is_secure(request)
    )
    return response


@router.get("/single-sign-on", dependencies=[requires("user:read")], responses=refusals(404))
def get_provider(request: Request, session: SessionDep, house: HouseDep) -> ProviderAnswer:
    """The tenant's identity provider."""
    chosen = logins.get_single_sign_on(session)
    if chosen is None:
        raise NoSingleSignOnError("No identity provider is set; PUT one.")
    return ProviderAnswer.of(chosen, _redirect_uri(request, house))


@router.put(
    "/single-sign-on",
    dependencies=[requires("user:write", secret_request=True, fresh=True)],
    responses=refusals(502),
)
def set_provider(
    body: ProviderBody,
    *,
    request: Request,
    principal: PrincipalDep,
    session: SessionDep,
    house: HouseDep,
    now: NowDep,
) -> ProviderAnswer:
    """Set the tenant's identity provider; it is asked for its description first."""
    redirect_uri = _redirect_uri(request, house)
    chosen = _sign_on(house).choose(session, principal, body.chosen(), body.client_secret, now=now)
    return ProviderAnswer.of(chosen, redirect_uri)


@router.delete(
    "/single-sign-on",
    status_code=204,
    dependencies=[requires("user:write", fresh=True)],
    responses=refusals(404),
)
def forget_provider(principal: PrincipalDep, session: SessionDep, house: HouseDep, now: NowDep) -> None:
    """Forget the identity provider and its secret."""
    _sign_on(house).forget(session, principal, now=now)


def _sign_on(house: House) -> SignOn:
    return SignOn(house.database, house.vault, house.settings.private_issuers)


def _redirect_uri(request: Request, house: House) -> str:
    return public_origin(request, house.settings) + CALLBACK


def _page(told: str, *, status: int, onward: bool = False) -> HTMLResponse:
    """A page of ours between the provider and the app.

    The browser goes on by itself, from our page: a redirect straight from the provider's would not carry the
    session, which is never sent along from another site.
    """
    refresh = '<meta http-equiv="refresh" content="0;url=/">' if onward else ""
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>truenav</title>'
        f'{refresh}</head><body><p>{escape(told)}</p><p><a href="/">truenav</a></p></body></html>'
    )
    return HTMLResponse(body, status_code=status)

"""From a request to who asks: the session cookie of a browser, or an API token of a program."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from truenav.access.policy import Principal
from truenav.access.service import Access, LogIn, Visitor
from truenav.access.sessions import LONGEST, csrf_token
from truenav.access.tokens import PREFIX
from truenav.app.http.errors import CrossSiteError
from truenav.core.failure import UnauthenticatedError
from truenav.store.database import Session

COOKIE = "truenav_session"
"""Over https its name begins with ``__Host-``: no other host or path of the domain can plant one."""
CSRF_HEADER = "X-Truenav-CSRF"
_AGENT_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and the secret they proved it with."""

    principal: Principal
    token: str = field(repr=False)
    from_cookie: bool


def identify(request: Request, access: Access) -> Caller:
    """The caller, or ``UnauthenticatedError``."""
    token, from_cookie = _proof(request)
    return Caller(access.authenticate(token), token, from_cookie)


@contextmanager
def reading(request: Request, access: Access) -> Iterator[tuple[Caller, Session]]:
    """The caller, or ``UnauthenticatedError``, and the transaction that the request reads in."""
    token, from_cookie = _proof(request)
    with access.reading(token) as (principal, session):
        yield Caller(principal, token, from_cookie), session


def _proof(request: Request) -> tuple[str, bool]:
    """The token, and whether it came as a cookie. A bearer comes before a cookie; only API tokens bear."""
    header = request.headers.get("authorization")
    if header is not None:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token.startswith(PREFIX):
            raise UnauthenticatedError("Send 'Authorization: Bearer tn_...' with an API token, or log in.")
        return token.strip(), False
    token = request.cookies.get(cookie_name(request, COOKIE), "")
    if not token or token.startswith(PREFIX):
        raise UnauthenticatedError("Log in, or send an API token as 'Authorization: Bearer tn_...'.")
    return token, True


def refuse_cross_site(request: Request, caller: Caller) -> None:
    """Refuse a change by cookie unless it has the session's CSRF token and comes from our own page."""
    if not caller.from_cookie:
        return
    refuse_foreign_origin(request)
    given = request.headers.get(CSRF_HEADER, "")
    if not hmac.compare_digest(given.encode(), csrf_token(caller.token).encode()):
        raise CrossSiteError(
            f"Send the session's 'csrf' (from log-in or /api/v1/me) as header {CSRF_HEADER}."
        )


def refuse_foreign_origin(request: Request) -> None:
    """Refuse a request that a browser says another site made."""
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise CrossSiteError("The request comes from another site; open truenav's own address.")


def client_address(request: Request) -> str:
    """Where the request comes from, as the server (or a proxy that it trusts) says."""
    return request.client.host if request.client else "unknown"


def visitor(request: Request) -> Visitor:
    """From where somebody comes, and with which browser, as far as it says."""
    agent = request.headers.get("user-agent", "")
    shown = "".join(sign for sign in agent if sign.isprintable())
    return Visitor(client_address(request), shown[:_AGENT_LENGTH])


def is_secure(request: Request) -> bool:
    """Whether the browser came over https."""
    return request.url.scheme == "https"


def cookie_name(request: Request, name: str) -> str:
    """The name under which the browser holds a cookie of ours."""
    return f"__Host-{name}" if is_secure(request) else name


def set_cookie(request: Request, response: Response, login: LogIn) -> None:
    """Give the browser its session: unreadable for scripts, never sent from another site."""
    response.set_cookie(
        cookie_name(request, COOKIE),
        login.token,
        max_age=int(LONGEST.total_seconds()),
        path="/",
        httponly=True,
        samesite="strict",
        secure=is_secure(request),
    )


def clear_cookie(request: Request, response: Response) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        cookie_name(request, COOKIE), path="/", httponly=True, samesite="strict", secure=is_secure(request)
    )

"""Routes that cannot be reached without a decision: each names its action, or says that it is public.

A `SecuredRoute` does, in this order and for every endpoint alike: take the request on or send it away,
limit the body, say who asks, decide whether they may, read the body strictly, open one transaction,
replay or run the endpoint, keep its answer under the idempotency key, commit. Only then does the answer
leave.
"""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Literal, TypeVar

import anyio
import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.routing import Match
from starlette.types import Scope

from truenav.access.actions import ACTIONS
from truenav.access.modules import MODULES, module_of, refuse_module_off
from truenav.access.policy import authorize
from truenav.app.exports.wire import exported, is_export
from truenav.app.house import House
from truenav.app.http.etags import etag, matches
from truenav.app.http.idempotency import Attempt
from truenav.app.http.load import Load
from truenav.app.http.login import Caller, client_address, identify, reading, refuse_cross_site
from truenav.app.http.masking import masked_response, refuse_sight
from truenav.app.http.requests import StrictRequest, refuse_bad_address
from truenav.store.database import Session

T = TypeVar("T")

API_PREFIX = "/api/v1"
BODY_LIMIT = 1024 * 1024
Sight = Literal["whole", "narrowed"]
MUTATING = frozenset(("POST", "PUT", "PATCH", "DELETE"))


class UnsecuredRouteError(RuntimeError):
    """A route neither names an action nor is marked public; the application does not start."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """How a route is guarded.

    ``action`` None: public. ``transaction`` False: the endpoint opens its own, as streams must.
    ``secret_request``: the body may hold a password, so its fingerprint is keyed by the caller's own secret.
    ``secret_answer``: the answer holds a secret, so it is never kept for a repeated request.
    ``sight``: *whole* speaks of the whole tenant and is refused to who may look at some nodes only;
    *narrowed* narrows itself to what the caller sees (`truenav.app.sight`), streams and files included.
    ``fresh``: a sensitive change; in a browser session the caller proved within ten minutes who they are.
    ``counted``: a public route that reads for everybody, so an address may ask only so often.
    """

    action: str | None
    transaction: bool = True
    secret_request: bool = False
    secret_answer: bool = False
    body_limit: int = BODY_LIMIT
    sight: Sight = "whole"
    fresh: bool = False
    counted: bool = False

    async def __call__(self) -> None:
        """Do nothing: as a dependency it only marks the route, which reads the mark."""


def requires(
    action: str,
    *,
    transaction: bool = True,
    secret_request: bool = False,
    secret_answer: bool = False,
    body_limit: int = BODY_LIMIT,
    sight: Sight = "whole",
    fresh: bool = False,
) -> Any:
    """Guard a route: ``@router.get("/navs", dependencies=[requires("nav:read")])``.

    See `Requirement` for the switches; ``body_limit`` is in bytes. The endpoint's own look at the thing
    (its tenant, its maker) comes on top: call ``authorize`` with it.
    """
    if action not in ACTIONS:
        raise UnsecuredRouteError(f"{action!r} is not in truenav.access.actions")
    return Depends(Requirement(action, transaction, secret_request, secret_answer, body_limit, sight, fresh))


def public(*, counted: bool = False) -> Any:
    """Mark a route that everybody may call without logging in; a test lists them all.

    Where it is ``counted``, an address may ask as often as a user, and waits for its turn as users do.
    """
    return Depends(Requirement(None, transaction=False, counted=counted))


@dataclass(frozen=True, slots=True)
class ModuleMark:
    """Marks the routes of a router that belong to one module as a whole."""

    module: str

    async def __call__(self) -> None:
        """Do nothing: the route reads the mark."""


class SecuredRoute(APIRoute):
    """A route that guards itself; see the module."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        """As any route; what an endpoint gives becomes JSON on the thread that the endpoint runs on."""
        if inspect.iscoroutinefunction(endpoint) or inspect.isasyncgenfunction(endpoint):
            super().__init__(path, endpoint, **options)
            return

        @wraps(endpoint)
        def answered(*arguments: Any, **named: Any) -> Any:
            given, model = endpoint(*arguments, **named), self.response_model
            # The framework would check it on one more thread, and halt all other requests for the JSON.
            if not isinstance(given, BaseModel) or model is None or self._sets_headers:
                return given
            if type(given) is not model:
                given = model.model_validate(given, from_attributes=True)
            body = given.model_dump_json(by_alias=True)
            return Response(body, self.status_code or 200, media_type="application/json")

        super().__init__(path, answered, **options)
        self._sets_headers = _sets_headers(self.dependant)

    @property
    def requirement(self) -> Requirement:
        """How this route is guarded."""
        for dependency in self.dependencies:
            if isinstance(dependency.dependency, Requirement):
                return dependency.dependency
        raise UnsecuredRouteError(f"{self.path} has neither requires(...) nor public()")

    @property
    def module(self) -> str | None:
        """The module that this route belongs to; None where it cannot be switched off."""
        marks = [one.dependency for one in self.dependencies if isinstance(one.dependency, ModuleMark)]
        if marks:
            return marks[0].module
        return None if self.requirement.action is None else module_of(self.requirement.action)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The guarded handler around FastAPI's own."""
        requirement, path, module = self.requirement, self.path, self.module
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            request.state.route = path
            refuse_bad_address(request)
            strict = StrictRequest(request, limit=requirement.body_limit)
            load: Load = request.app.state.load
            if requirement.counted:
                load.count(client_address(request))
            elif requirement.action is None:
                return await serve(strict)
            async with load.turn():
                return await serve(strict)

        async def serve(strict: StrictRequest) -> Response:
            if requirement.action is None:
                await strict.read()
                return await inner(strict)
            if requirement.transaction and _only_reads(strict):
                async with _reading(strict):
                    await _admit(strict, requirement, module)
                    await strict.read()
                    return await answer(strict)
            await _identify(strict)
            await _admit(strict, requirement, module)
            await strict.read()
            if not requirement.transaction:
                return await inner(strict)
            async with _transaction(strict):
                return await answer(strict)

        async def answer(strict: StrictRequest) -> Response:
            response = await _serve(strict, requirement, inner)
            if strict.state.caller.principal.masks:
                response = await run_in_threadpool(
                    masked_response, response, strict, narrowed=requirement.sight == "narrowed"
                )
            if not is_export(strict):
                return response
            return await run_in_threadpool(exported, response, strict, self.response_model)

        return handle


class Router(APIRouter):
    """The router of a slice below ``/api/v1``: every route in it is a `SecuredRoute`."""

    def __init__(
        self, *, prefix: str = "", tags: list[str], base: str = API_PREFIX, module: str | None = None
    ) -> None:
        """``module``: of `truenav.access.modules`; by default each route's action says it."""
        if module is not None and module not in MODULES:
            raise UnsecuredRouteError(f"{module!r} is not in truenav.access.modules")
        marks = [] if module is None else [Depends(ModuleMark(module))]
        super().__init__(prefix=base + prefix, tags=[*tags], route_class=SecuredRoute, dependencies=marks)

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Try the routes only where one of them begins as the address does; there are hundreds in all."""
        if _beginning(scope["path"]) not in self._beginnings:
            return Match.NONE, {}
        return super().matches(scope)

    @cached_property
    def _beginnings(self) -> frozenset[str]:
        return frozenset(_beginning(route.path) for route in self.routes if isinstance(route, APIRoute))


def _sets_headers(dependant: Dependant) -> bool:
    """Whether an endpoint, or what it depends on, writes to the answer that the framework makes."""
    return dependant.response_param_name is not None or any(map(_sets_headers, dependant.dependencies))


def _only_reads(request: Request) -> bool:
    """Whether a request changes nothing and has no body, for which an open transaction would wait."""
    headers = request.headers
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    return request.method not in MUTATING and not has_body


def _beginning(path: str) -> str:
    """The first part of a path after the prefix of the API."""
    return path.removeprefix(API_PREFIX + "/").partition("/")[0]


async def _identify(request: Request) -> None:
    """Say who asks, or refuse them."""
    house: House = request.app.state.house
    request.state.caller = await run_in_threadpool(identify, request, house.access)


async def _admit(request: Request, requirement: Requirement, module: str | None) -> None:
    """Decide whether the caller may ask this; fails closed."""
    assert requirement.action is not None
    caller: Caller = request.state.caller
    load: Load = request.app.state.load
    load.count((caller.principal.tenant, caller.principal.user))
    structlog.contextvars.bind_contextvars(tenant=caller.principal.tenant, user=caller.principal.user)
    if request.method in MUTATING:
        refuse_cross_site(request, caller)
    refuse_module_off(module, caller.principal.modules_off)
    authorize(caller.principal, requirement.action)
    refuse_sight(
        caller.principal,
        requirement.action,
        narrowed=requirement.sight == "narrowed",
        streams=not requirement.transaction,
    )
    if requirement.fresh:
        await _refuse_stale(request)


async def _refuse_stale(request: Request) -> None:
    """Refuse a sensitive change by a session whose owner proved long ago who they are."""
    caller: Caller = request.state.caller
    if caller.from_cookie:
        house: House = request.app.state.house
        await run_in_threadpool(house.access.refuse_stale, caller.token)


async def _serve(
    request: StrictRequest,
    requirement: Requirement,
    inner: Callable[[Request], Coroutine[Any, Any, Response]],
) -> Response:
    """Run the endpoint inside its transaction, at most once for each idempotency key."""
    session: Session = request.state.session
    if request.method not in MUTATING:
        return _conditional(request, await inner(request))
    attempt = await Attempt.of(request, secret=requirement.secret_request)
    if attempt is None:
        return await inner(request)
    if (earlier := await run_in_threadpool(attempt.begin, session)) is not None:
        return earlier
    response = await inner(request)
    await run_in_threadpool(attempt.finish, session, response, secret=requirement.secret_answer)
    return response


def _conditional(request: Request, response: Response) -> Response:
    """Give the answer its entity tag, or say that the caller has it already."""
    body = getattr(response, "body", None)
    if response.status_code != 200 or not isinstance(body, bytes):
        return response
    tag = response.headers.get("ETag") or etag(body)
    if matches(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers.setdefault("ETag", tag)
    return response


@asynccontextmanager
async def _reading(request: Request) -> AsyncIterator[None]:
    """Say who asks, in the transaction that the request reads in, which sees one state throughout."""
    house: House = request.app.state.house
    async with _on_a_thread(reading(request, house.access)) as (caller, session):
        request.state.caller, request.state.session = caller, session
        yield


@asynccontextmanager
async def _transaction(request: Request) -> AsyncIterator[None]:
    """One transaction of the caller's tenant."""
    house: House = request.app.state.house
    caller: Caller = request.state.caller
    snapshot = request.method not in MUTATING
    opened = house.database.transaction(caller.principal.tenant, snapshot=snapshot)
    async with _on_a_thread(opened) as session:
        request.state.session = session
        yield


@asynccontextmanager
async def _on_a_thread(opened: AbstractContextManager[T]) -> AsyncIterator[T]:
    """A context whose opening and leaving wait for the database, so that they run on a worker thread.

    Leaving is shielded, so that a caller who hangs up cannot leave a connection behind.
    """
    stack = ExitStack()
    value = await run_in_threadpool(stack.enter_context, opened)
    try:
        yield value
    except BaseException as error:
        with anyio.CancelScope(shield=True):
            await run_in_threadpool(stack.__exit__, type(error), error, error.__traceback__)
        raise
    with anyio.CancelScope(shield=True):
        await run_in_threadpool(stack.close)

"""The API's own description (OpenAPI 3.1), and the guard that no route stands open by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import iter_route_contexts

from truenav.access.actions import ACTIONS
from truenav.access.masking import MASKED
from truenav.app.http.idempotency import HEADER
from truenav.app.http.login import COOKIE, CSRF_HEADER
from truenav.app.http.masking import HEADER as MASKED_HEADER
from truenav.app.http.problems import MEDIA_TYPE, Problem
from truenav.app.http.routes import MUTATING, Requirement, SecuredRoute, UnsecuredRouteError

_OWN_PAGES = frozenset({"/openapi.json"})

_REFUSALS = {
    "400": "The request cannot be read",
    "401": "Not logged in",
    "403": "Not allowed",
    "404": "No such thing, or not the caller's",
    "409": "In conflict with the present state",
    "412": "Changed since it was read (`If-Match`)",
    "413": "The body is too large",
    "422": "The input is not valid",
    "429": "Too many attempts or requests; `Retry-After` says when",
    "500": "A fault of ours; the log has it under `request_id`",
    "503": "The database or another service does not answer",
}


_CONVENTIONS = f"""Exact numbers and instants are text.

What the caller's roles do not show is hidden in every answer alike: a hidden text is `{MASKED}`, a hidden
list holds it once, a hidden object is `{{"masked": true}}`; the header `{MASKED_HEADER}` names what is
hidden, and files made of an answer hide the same. Bytes that cannot be hidden in part are refused (403,
`masked`). Whoever sees some nodes of the portfolio only gets 404 for all others, and 403 (`out-of-sight`)
for what speaks of the whole tenant. Addresses of a module that is switched off answer 404 (`module-off`)."""


def secured_routes(app: FastAPI) -> Iterator[tuple[str, str, Requirement]]:
    """Every route of the application: method, full path, and how it is guarded."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, SecuredRoute):
            for method in sorted(context.methods or ()):
                yield method, str(context.path_format), route.requirement
        elif context.path not in _OWN_PAGES:
            raise UnsecuredRouteError(f"{context.path} is not a route of a truenav Router")


def refuse_unsecured_routes(app: FastAPI) -> None:
    """Let no application start with a route that names neither an action nor that it is public."""
    for _ in secured_routes(app):
        pass


def describe(app: FastAPI) -> None:
    """Make the application describe itself with our refusals, log-ins and headers."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _description(app)
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _description(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    schema["info"]["description"] = _CONVENTIONS
    components = schema.setdefault("components", {})
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}", mode="serialization")
    components.setdefault("schemas", {}).update({**problem.pop("$defs"), "Problem": problem})
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = {
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE},
        "token": {"type": "http", "scheme": "bearer", "description": "An API token, `tn_...`"},
    }
    for method, path, requirement in secured_routes(app):
        operation = schema["paths"].get(path, {}).get(method.lower())
        if operation is not None:
            _complete(operation, method, requirement)
    return schema


def _complete(operation: dict[str, Any], method: str, requirement: Requirement) -> None:
    answers = operation.setdefault("responses", {})
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status in _possible_refusals(operation, method, requirement):
        answers[status] = {"description": _REFUSALS[status], "content": content}
    if requirement.action is None:
        return
    operation["security"] = [{"session": []}, {"token": []}]
    operation["x-action"] = requirement.action
    told = operation.get("description", "")
    operation["description"] = f"{told}\n\nNeeds `{requirement.action}`: {ACTIONS[requirement.action]}."
    if method in MUTATING:
        operation.setdefault("parameters", []).extend(_mutating_headers(requirement))
    elif requirement.transaction:
        answers["304"] = {"description": "Unchanged (`If-None-Match`)"}


def _possible_refusals(operation: dict[str, Any], method: str, requirement: Requirement) -> list[str]:
    possible = {"400", "413", "422", "500", "503"}
    if requirement.action is None:
        possible |= {"401", "403", "429"} if method in MUTATING else set()
    else:
        possible |= {"401", "403", "404", "429"}  # 404 also where the module is switched off
    if any(one["in"] == "path" for one in operation.get("parameters", ())):
        possible.add("404")
    if method in MUTATING and requirement.action is not None:
        possible |= {"409", "412"}
    return sorted(possible)


def _mutating_headers(requirement: Requirement) -> list[dict[str, Any]]:
    csrf = {
        "name": CSRF_HEADER,
        "in": "header",
        "required": False,
        "schema": {"type": "string"},
        "description": "`csrf` of the session; needed with a cookie, not with an API token",
    }
    key = {
        "name": HEADER,
        "in": "header",
        "required": False,
        "schema": {"type": "string", "pattern": "^[!-~]{1,200}$"},
        "description": "The same key and request again gives the same answer and changes nothing",
    }
    return [csrf, key] if requirement.transaction else [csrf]

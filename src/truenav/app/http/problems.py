"""Refusals on the wire: problem details (RFC 9457), and never a stack trace."""

from __future__ import annotations

from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from truenav.access.errors import TooManyAttemptsError
from truenav.app.http.load import OverloadedError
from truenav.app.http.models import Answer
from truenav.core.canonical import encode
from truenav.core.failure import TruenavError

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("truenav.http")

_OWN_REFUSALS = {
    404: "It names something that does not exist, or is not the caller's",
    409: "In conflict with the present state",
    502: "A venue refused, or its answer cannot be read",
}

_HTTP_TITLES = {404: "Not found", 405: "The method is not allowed here", 406: "Not acceptable"}


class FieldProblem(Answer):
    """One field that is not as it should be: where it is (``body.email``) and what is wrong."""

    where: str
    message: str


class Problem(Answer):
    """A refusal. ``type`` is stable for programs, ``detail`` is a sentence for people."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str | None = None
    errors: tuple[FieldProblem, ...] = ()
    context: dict[str, Any] | None = None


def install_problems(app: FastAPI) -> None:
    """Answer every refusal of the application with problem details."""
    app.add_exception_handler(TruenavError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


def problem_response(request: Request, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """The answer that carries a problem, with the id under which the log has more."""
    shown = problem.model_copy(update={"request_id": getattr(request.state, "request_id", None)})
    return JSONResponse(
        shown.model_dump(mode="json", exclude_defaults=True),
        status_code=problem.status,
        headers=headers,
        media_type=MEDIA_TYPE,
    )


def problem_of(error: TruenavError) -> Problem:
    """The problem details of a refusal. Failures of our own (500) keep their message inside the house."""
    if error.status == 500:
        return unexpected_problem()
    return Problem(
        type=f"urn:truenav:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.message,
        context={name: _plain(value) for name, value in error.context.items()} or None,
    )


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses`` of an operation that refuses with more than every operation of its kind does."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": _OWN_REFUSALS[status], "content": content} for status in statuses}


def unexpected_problem() -> Problem:
    """What the outside learns of a fault of ours."""
    return Problem(
        type="urn:truenav:problem:unexpected",
        title="Something went wrong here",
        status=500,
        detail="The request failed through no fault of yours. The log has the cause under the request id.",
    )


def _plain(value: object) -> Any:
    try:
        return encode(value)
    except TypeError:
        return str(value)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, TruenavError)
    if error.status >= 500:
        _log.error("failed", code=error.code, message=error.message, exc_info=error)
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="truenav"'
    if isinstance(error, TooManyAttemptsError | OverloadedError):
        headers["Retry-After"] = str(error.retry_after)
    elif error.status == 503:
        headers["Retry-After"] = "5"
    return problem_response(request, problem_of(error), headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The values themselves stay out of the answer: one of them may be a password.
    fields = tuple(
        FieldProblem(where=".".join(map(str, one["loc"])), message=str(one["msg"])) for one in error.errors()
    )
    first = (
        f"{fields[0].where}: {fields[0].message}" if fields else "The request does not have the right form."
    )
    return problem_response(
        request,
        Problem(
            type="urn:truenav:problem:invalid-input",
            title="The input is not valid",
            status=422,
            detail=first,
            errors=fields,
        ),
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    title = _HTTP_TITLES.get(error.status_code, str(error.detail))
    detail = {
        404: "There is nothing at this address.",
        405: f"{request.method} is not possible at this address.",
    }.get(error.status_code, f"{error.detail}.")
    problem = Problem(type="about:blank", title=title, status=error.status_code, detail=detail)
    return problem_response(request, problem, dict(error.headers or {}))

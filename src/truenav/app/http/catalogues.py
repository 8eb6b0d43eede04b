"""The same five operations for every kind of definition: list, get, history, put, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from fastapi import Body, Path, Request, Response
from pydantic import create_model

from truenav.app.catalogue import Catalogue
from truenav.app.exports.wire import TableQueryDep
from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.errors import EditedMeanwhileError
from truenav.app.http.etags import matches
from truenav.app.http.models import Answer, Instant
from truenav.app.http.pages import Page, read_number
from truenav.app.http.records import record_of
from truenav.app.http.routes import Router, requires
from truenav.core.failure import InvalidInputError
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Definition, DefinitionNotFoundError

T = TypeVar("T")

IdPath = Annotated[str, Path(max_length=200)]


class DefinitionAnswer(Answer):
    """One version of a definition, by whom and since when; versions count from 1."""

    id: str
    version: int
    changed_at: Instant
    changed_by: str
    deleted: bool


def catalogue_router(catalogue: Catalogue[T], path: str, *, writable: bool = True) -> Router:
    """The operations of one catalogue below ``/path``; without ``writable`` those that read.

    An id may hold slashes (asset ids do). The ETag of a definition is its version: sent as ``If-Match`` with
    a change, it refuses to overwrite what the caller has not seen; ``If-None-Match: *`` refuses to
    overwrite at all.
    """
    router = Router(tags=[path])
    answer = _answer_of(catalogue)
    _add_reads(router, catalogue, path, answer)
    if writable:
        _add_writes(router, catalogue, path, answer)
    return router


def version_tag(version: int) -> str:
    """The entity tag of a version."""
    return f'"v{version}"'


def seen_version(request: Request, present: int | None) -> int | None:
    """The version that a change must find (None: any); refuses one that the caller has not seen.

    ``present`` is the version that is there now, None where there is none.
    """
    wanted, unwanted = request.headers.get("if-match"), request.headers.get("if-none-match")
    tag = None if present is None else version_tag(present)
    if wanted is not None and (tag is None or not matches(wanted, tag)):
        raise EditedMeanwhileError("It was changed since you read it; read it again and repeat the change.")
    if tag is not None and matches(unwanted, tag):
        raise EditedMeanwhileError("It exists already; read it, or leave out If-None-Match to replace it.")
    return present if wanted is not None else None


def present_version(session: Session, catalogue: Catalogue[Any], id: str) -> int | None:
    """The number of the newest version of a definition; None where there is none."""
    try:
        return definitions.find(session, catalogue.kind, id, catalogue.cls).version
    except DefinitionNotFoundError:
        return None


def _answer_of(catalogue: Catalogue[Any]) -> type[DefinitionAnswer]:
    name = "".join(word.title() for word in catalogue.kind.value.split("_"))
    return create_model(
        f"{name}Definition",
        __base__=DefinitionAnswer,
        __doc__=DefinitionAnswer.__doc__,
        body=(record_of(catalogue.cls), ...),
    )


def _show(answer: type[DefinitionAnswer], response: Response | None = None) -> Callable[[Any], Any]:
    def show(found: Definition[Any]) -> DefinitionAnswer:
        if response is not None:
            response.headers["ETag"] = version_tag(found.version)
        values = {"changed_at": found.created_at, "changed_by": found.created_by, "body": found.body}
        return answer(id=found.id, version=found.version, deleted=found.deleted, **values)

    return show


def _add_reads(router: Router, catalogue: Catalogue[T], path: str, answer: type[DefinitionAnswer]) -> None:
    guard = [requires(catalogue.read, sight="narrowed")]
    noun = catalogue.kind.value.replace("_", " ")
    pages: Any = Page[answer]  # type: ignore[valid-type]

    @router.get(f"/{path}", dependencies=guard, response_model=pages, summary=f"List: {noun}")
    def list_definitions(
        principal: PrincipalDep, session: SessionDep, sight: SightDep, query: TableQueryDep
    ) -> Any:
        """The newest version of each, by id."""
        rows = catalogue.list_page(session, principal, sight, after=query.after, limit=query.limit + 1)
        return query.page(rows, key=lambda row: row.id, show=_show(answer))

    @router.get(
        f"/history/{path}/{{id:path}}", dependencies=guard, response_model=pages, summary=f"History: {noun}"
    )
    def list_versions(id: IdPath, session: SessionDep, sight: SightDep, query: TableQueryDep) -> Any:
        """All versions of one, oldest first, deletions too."""
        versions = definitions.history(session, catalogue.kind, id, catalogue.cls)
        if not versions or not catalogue.seen(sight, versions[-1].body):
            raise DefinitionNotFoundError(f"There never was a {noun} {id!r}. List those that exist.")
        after = read_number(query.after)
        rows = [one for one in versions if one.version > after]
        return query.page(rows, key=lambda row: str(row.version), show=_show(answer))

    @router.get(f"/{path}/{{id:path}}", dependencies=guard, response_model=answer, summary=f"Get: {noun}")
    def get_definition(
        id: IdPath, principal: PrincipalDep, session: SessionDep, sight: SightDep, response: Response
    ) -> Any:
        """The newest version; its ETag is the version."""
        return _show(answer, response)(catalogue.find(session, principal, id, sight))


def _add_writes(router: Router, catalogue: Catalogue[T], path: str, answer: type[DefinitionAnswer]) -> None:
    guard = [requires(catalogue.write)]
    noun = catalogue.kind.value.replace("_", " ")

    def put_definition(
        id: IdPath,
        body: Any,
        *,
        request: Request,
        response: Response,
        house: HouseDep,
        principal: PrincipalDep,
        session: SessionDep,
    ) -> Any:
        """Add it, or write a new version; refused whole if the definitions would not hold together."""
        if catalogue.id_of(body) != id:
            raise InvalidInputError(
                f"The address names {id[:60]!r}, the body {catalogue.id_of(body)[:60]!r}; name one of them."
            )
        expected = seen_version(request, present_version(session, catalogue, id))
        written = catalogue.put(session, house, principal, body, expected_version=expected)
        return _show(answer, response)(written)

    # The body's type is known only here, so it cannot stand in the signature.
    put_definition.__annotations__["body"] = Annotated[record_of(catalogue.cls), Body()]
    router.put(f"/{path}/{{id:path}}", dependencies=guard, response_model=answer, summary=f"Put: {noun}")(
        put_definition
    )

    @router.delete(f"/{path}/{{id:path}}", status_code=204, dependencies=guard, summary=f"Delete: {noun}")
    def delete_definition(
        id: IdPath, request: Request, house: HouseDep, principal: PrincipalDep, session: SessionDep
    ) -> None:
        """End it; its versions stay readable. Refused while others need it."""
        expected = seen_version(request, present_version(session, catalogue, id))
        catalogue.delete(session, house, principal, id, expected_version=expected)

"""Files: sent, checked by a worker and accepted by name, or imported at one stroke; and their kinds."""

from __future__ import annotations

from typing import Annotated, Self

from fastapi import BackgroundTasks, Depends, Form, Path, Query, Response, UploadFile

from truenav.app.http.context import HouseDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.downloads import attachment
from truenav.app.http.models import Answer, Queued
from truenav.app.http.problems import refusals
from truenav.app.http.records import Record
from truenav.app.http.routes import API_PREFIX, Router, requires
from truenav.app.http.uploads import uploaded_name
from truenav.app.sources import import_jobs, imports
from truenav.app.sources.import_jobs import ImportState
from truenav.app.sources.imports import ImportChecked, ImportKept
from truenav.app.sources.layouts import FileSeen, Told, in_sight, look_at, own_layouts
from truenav.connect.files import TEMPLATES, layout_from_json, layouts
from truenav.connect.files.mapping import LAYOUT_BYTES
from truenav.connect.files.templates import Template
from truenav.core.failure import NotFoundError
from truenav.store.commit_points import commit_point

router = Router(prefix="/imports", tags=["sources"])

MAX_UPLOAD = 50 * 1024 * 1024
UPLOAD_LIMIT = MAX_UPLOAD + 64 * 1024
"""Bytes of the largest file that is sent, with room for what wraps it; larger ones go by the command line."""

IdPath = Annotated[str, Path(max_length=64)]
TemplateQuery = Annotated[
    str | None, Query(max_length=64, description="Kind of file; by default its name or header says so")
]


def read_told(
    template: TemplateQuery = None,
    layout: Annotated[str | None, Query(max_length=64, description="A layout, saved or built in")] = None,
    account: Annotated[
        str | None, Query(max_length=64, description="Whose file it is, where no column says so")
    ] = None,
    zone: Annotated[
        str | None, Query(max_length=64, description="Zone of times that tell none: `UTC`, `Asia/Shanghai`")
    ] = None,
    mapping: Annotated[
        str | None, Form(max_length=LAYOUT_BYTES, description="A layout for this file, as JSON")
    ] = None,
) -> Told:
    """What the caller says about the file that is sent along."""
    sent = None if mapping is None else layout_from_json(mapping)
    return Told(template, layout, sent, account, zone)


ToldDep = Annotated[Told, Depends(read_told)]


class LayoutAnswer(Answer):
    """A layout by which files are recognised and read; ``own``: the tenant saved it."""

    name: str
    title: str
    own: bool


class ColumnAnswer(Answer):
    """One column of a template."""

    name: str
    kind: str
    meaning: str
    required: bool
    choices: list[str]
    default: str


class TemplateAnswer(Answer):
    """A kind of file that can be imported."""

    name: str
    meaning: str
    columns: list[ColumnAnswer]

    @classmethod
    def of(cls, template: Template) -> Self:
        """A template as the API shows it."""
        columns = [
            ColumnAnswer(
                name=one.name,
                kind=one.kind.name.lower(),
                meaning=one.meaning,
                required=one.required,
                choices=list(one.choices),
                default=one.default,
            )
            for one in template.columns
        ]
        return cls(name=template.name, meaning=template.meaning, columns=columns)


@router.get("/templates", dependencies=[requires("source:read", sight="narrowed")])
def list_templates() -> list[TemplateAnswer]:
    """The kinds of files that can be imported, column by column."""
    return [TemplateAnswer.of(template) for template in TEMPLATES.values()]


@router.get(
    "/templates/{name}.csv",
    dependencies=[requires("source:read", sight="narrowed")],
    response_class=Response,
    responses={200: {"description": "The header line", "content": {"text/csv": {}}}},
)
def get_template(name: Annotated[str, Path(max_length=64)]) -> Response:
    """An empty file to fill in."""
    template = TEMPLATES.get(name)
    if template is None:
        raise NotFoundError(f"There is no template {name!r}; there are: {', '.join(TEMPLATES)}.")
    header = ",".join(column.name for column in template.columns) + "\r\n"
    return attachment(header.encode(), f"{name}.csv", "text/csv; charset=utf-8")


@router.get("/layouts", dependencies=[requires("source:read", sight="narrowed")])
def list_layouts(session: SessionDep, sight: SightDep) -> list[LayoutAnswer]:
    """The layouts by which files are recognised, one's own first; own ones are kept at `/api/v1/layouts`."""
    own = tuple(one for one in own_layouts(session) if in_sight(sight, one))
    return [
        LayoutAnswer(name=one.name, title=one.title, own=one in own) for one in (*own, *layouts().values())
    ]


@router.post(
    "/sniff",
    dependencies=[requires("import:write", body_limit=UPLOAD_LIMIT)],
    response_model=Record[FileSeen],
)
def sniff_file(file: UploadFile, principal: PrincipalDep, session: SessionDep) -> FileSeen:
    """What a file is: its header and first rows, the layout that reads it, or a draft of one.

    Nothing is kept. `texts` has, for each column with few different texts, these.
    """
    return look_at(session, principal, uploaded_name(file), file.file.read())


@router.post("/jobs", status_code=202, dependencies=[requires("import:write", body_limit=UPLOAD_LIMIT)])
def send_file(
    file: UploadFile,
    response: Response,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    told: ToldDep,
) -> Queued:
    """Send a file for a worker to check. ``Location`` shows how far it is, and what it found."""
    name = uploaded_name(file)
    job = import_jobs.send_file(session, house, principal, name, file.file.read(), told)
    response.headers["Location"] = f"{API_PREFIX}/imports/jobs/{job}"
    return Queued(job=job)


@router.get(
    "/jobs/{id}",
    dependencies=[requires("import:write")],
    response_model=Record[ImportState],
    responses=refusals(404),
)
def get_import(id: IdPath, house: HouseDep, principal: PrincipalDep, session: SessionDep) -> ImportState:
    """Where an import stands: its check, and what came of accepting it. Files are forgotten after a week."""
    return import_jobs.import_state(session, house, principal, id)


@router.post(
    "/jobs/{id}/accept", status_code=202, dependencies=[requires("import:write")], responses=refusals(404)
)
def accept_import(id: IdPath, house: HouseDep, principal: PrincipalDep, session: SessionDep) -> Queued:
    """Have a worker import a checked file, whole or not at all; again gives the same job."""
    return Queued(job=import_jobs.accept_import(session, house, principal, id))


@router.post(
    "/check",
    dependencies=[requires("import:write", body_limit=UPLOAD_LIMIT)],
    response_model=Record[ImportChecked],
)
def check_import(
    file: UploadFile,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    told: ToldDep,
) -> ImportChecked:
    """The dry run at one stroke: everything that a file would bring and every problem; nothing is kept."""
    name = uploaded_name(file)
    report = imports.check_import(session, house, principal, name, file.file.read(), told)
    return ImportChecked.of(report)


@router.post(
    "",
    status_code=201,
    dependencies=[requires("import:write", body_limit=UPLOAD_LIMIT)],
    response_model=Record[ImportKept],
)
def run_import(
    file: UploadFile,
    background: BackgroundTasks,
    house: HouseDep,
    principal: PrincipalDep,
    session: SessionDep,
    told: ToldDep,
) -> ImportKept:
    """Import at one stroke, whole or not at all (422 lists the problems); what is known counts once."""
    name, data = uploaded_name(file), file.file.read()
    try:
        imported = imports.run_import(session, house, principal, name, data, told)
    except imports.ImportProblemsError as error:
        error.context["listed"] = error.report.problems[:100]
        raise
    background.add_task(commit_point, "import.recorded")  # runs after the commit
    return ImportKept.of(imported)

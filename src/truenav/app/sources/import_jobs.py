"""An import that can be left and found again: a file is sent once, checked by a worker, accepted by name.

The import has the id of the job that checks it. Accepting adds a second job, which keeps the file in one
transaction: a worker that is killed is followed by another, which finds all of it recorded or nothing.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from truenav.access.policy import Principal, authorize
from truenav.access.principals import load_principal
from truenav.app.house import House
from truenav.app.sources.imports import ImportChecked, ImportKept, check_import, run_import
from truenav.app.sources.layouts import Reading, Told, reading_of
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files import TEMPLATES, Layout
from truenav.core.canonical import canonical_json, decode
from truenav.core.facts import Fact
from truenav.core.failure import ConflictError, NotFoundError
from truenav.core.ids import Sha256, TenantId, UserId
from truenav.store import audit, progress, queue
from truenav.store.audit import AuditSearch
from truenav.store.commit_points import commit_point
from truenav.store.database import Session
from truenav.store.objects import ObjectMissingError
from truenav.store.progress import TaskProgress, TaskState
from truenav.store.uploads import Uploads

CHECK, RUN = "import.check", "import.run"
_GIVEN, _FOUND = "given", "found"
_SHOW_SECONDS = 0.5


class ImportForgottenError(NotFoundError):
    """There is no such import, or it was sent too long ago."""

    code = "import-forgotten"


@dataclass(frozen=True, slots=True)
class Given:
    """A file as it was sent, and who asked for the job; ``size`` in bytes, ``check`` the id of its import.

    ``template`` is the name of the template, or of the ``layout`` by which it reads for ``account``.
    """

    name: str
    template: str
    sha256: Sha256
    size: int
    by: UserId
    check: str = ""
    layout: Layout | None = None
    account: str = ""

    @property
    def reading(self) -> Reading:
        """How the file reads."""
        return Reading(None if self.layout else self.template, self.layout, self.account)


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Where the keeping of an accepted file stands; ``kept`` None: not yet."""

    progress: TaskProgress
    kept: ImportKept | None


@dataclass(frozen=True, slots=True)
class ImportState:
    """Where an import stands: the file, its check (None: not yet), and what came of accepting it."""

    given: Given
    progress: TaskProgress
    checked: ImportChecked | None
    acceptance: Acceptance | None


def send_file(
    session: Session, house: House, principal: Principal, name: str, data: bytes, told: Told | None = None
) -> str:
    """Keep a file for a worker to check; gives the id of the import. Nothing of it is recorded yet."""
    authorize(principal, "import:write")
    reading = reading_of(session, name, data, told or Told())
    if reading.template is not None and reading.template not in TEMPLATES:
        raise ImportRefusedError(
            f"{reading.template[:60]!r} is no template; there are: {', '.join(TEMPLATES)}."
        )
    uploads = Uploads(house.objects, principal.tenant)
    sha256, by = uploads.write(data), principal.user
    given = Given(name, reading.name, sha256, len(data), by, layout=reading.layout, account=reading.account)
    job = queue.enqueue(session, CHECK, {}, subject=name, at=house.clock.now())
    assert job is not None  # only a queueing lock gives None
    uploads.note(job, _GIVEN, canonical_json(given))
    return job


def accept_import(session: Session, house: House, principal: Principal, id: str) -> str:
    """Have a worker keep a checked file; gives that job's id, the same when it was accepted before."""
    authorize(principal, "import:write")
    state = import_state(session, house, principal, id)
    if state.acceptance is not None and state.acceptance.progress.state is not TaskState.FAILED:
        return state.acceptance.progress.id
    if state.checked is None:
        raise ConflictError("The file is not checked yet; wait for the check, then accept it.")
    if state.checked.problem_count:
        raise ConflictError("The file has problems; mend it and send it again.")
    now = house.clock.now()
    lock = f"{RUN}:{id}"
    job = queue.enqueue(session, RUN, {}, subject=state.given.name, at=now, lock=lock, queueing_lock=lock)
    if job is None:
        raise ConflictError("The same file is being accepted; look again in a moment.")
    given = replace(state.given, by=principal.user, check=id)
    Uploads(house.objects, principal.tenant).note(job, _GIVEN, canonical_json(given))
    progress.report(session, TaskProgress(_accepted(id), RUN, job, TaskState.DONE, now))
    return job


def import_state(session: Session, house: House, principal: Principal, id: str) -> ImportState:
    """Where an import stands; ``ImportForgottenError`` where it is not known (any more)."""
    authorize(principal, "import:write")
    uploads = Uploads(house.objects, principal.tenant)
    found = progress.get(session, id)
    if found.kind != CHECK:
        raise ImportForgottenError(f"{id!r} is not an import; list the jobs.")
    given = decode(Given, _paper(uploads, id, _GIVEN))
    checked = decode(ImportChecked, _paper(uploads, id, _FOUND)) if found.state is TaskState.DONE else None
    return ImportState(given, found, checked, _acceptance(session, uploads, id))


def check_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: the dry run of a file that was sent; nothing is kept but its findings."""
    task, uploads = arguments["task"], Uploads(house.objects, tenant)
    given = decode(Given, _paper(uploads, task, _GIVEN))
    data = uploads.read(given.sha256)
    board = _Board(house, tenant, task, data)
    with house.database.transaction(tenant) as session:
        actor = load_principal(session, tenant, given.by, via="system")
        report = check_import(session, house, actor, given.name, data, given.reading, take=board.take)
    uploads.note(task, _FOUND, canonical_json(ImportChecked.of(report)))
    board.close(report.rows)


def run_job(house: House, tenant: TenantId, arguments: Mapping[str, str]) -> None:
    """Job: keep an accepted file, whole or not at all; done before by a worker that died: only told again."""
    task, uploads = arguments["task"], Uploads(house.objects, tenant)
    given = decode(Given, _paper(uploads, task, _GIVEN))
    with house.database.transaction(tenant) as session:
        kept = _recorded(session, given, task)
    if kept is None:
        kept = _keep(house, tenant, task, given, uploads)
    uploads.note(task, _FOUND, canonical_json(kept))


def _keep(house: House, tenant: TenantId, task: str, given: Given, uploads: Uploads) -> ImportKept:
    data = uploads.read(given.sha256)
    board = _Board(house, tenant, task, data)
    with house.database.transaction(tenant) as session:
        actor = load_principal(session, tenant, given.by, via="system")
        done = run_import(session, house, actor, given.name, data, given.reading, job=task, show=board.show)
    commit_point("import.recorded")
    board.close(done.report.rows)
    return ImportKept.of(done)


def _recorded(session: Session, given: Given, task: str) -> ImportKept | None:
    """What the audit trail says that this very job has recorded already."""
    told = AuditSearch(action=RUN, subject=given.template)
    for row in audit.entries(session, newest_first=True, limit=1000, search=told):
        detail = json.loads(row.detail)
        if detail.get("job") == task:
            return decode(ImportKept, {name: detail[name] for name in _TOLD} | {"template": given.template})
    return None


_TOLD = ("sha256", "rows", "facts", "duplicates", "conflicts", "accounts")


def _acceptance(session: Session, uploads: Uploads, id: str) -> Acceptance | None:
    links = [one for one in progress.list_parts(session, id) if one.id == _accepted(id)]
    if not links:
        return None
    found = progress.get(session, links[0].subject)
    done = found.state is TaskState.DONE
    return Acceptance(found, decode(ImportKept, _paper(uploads, found.id, _FOUND)) if done else None)


def _accepted(id: str) -> str:
    """The part of an import's progress that names the job of its acceptance."""
    return f"{id}:accepted"


def _paper(uploads: Uploads, job: str, name: str) -> object:
    try:
        return json.loads(uploads.noted(job, name))
    except ObjectMissingError as error:
        raise ImportForgottenError(
            f"The import {job!r} is forgotten; it was sent too long ago. Send the file again."
        ) from error


class _Board:
    """Where a file's rows stand, as people see it; not more often than they can read."""

    def __init__(self, house: House, tenant: TenantId, task: str, data: bytes) -> None:
        self._house, self._tenant, self._task = house, tenant, task
        self._total = max(1, data.count(b"\n") - 1)
        self._shown = -_SHOW_SECONDS
        self.show(0)

    def take(self, facts: Sequence[Fact], rows: int) -> None:
        """A part was read, and is not kept."""
        self.show(rows)

    def show(self, rows: int) -> None:
        """So many rows are done."""
        if time.monotonic() - self._shown >= _SHOW_SECONDS:
            self._shown = time.monotonic()
            self._report(min(rows, self._total), self._total)

    def close(self, rows: int) -> None:
        """All rows are done."""
        self._report(rows, rows)

    def _report(self, done: int, total: int) -> None:
        with self._house.database.transaction(self._tenant) as session:
            known = progress.get(session, self._task)
            now = self._house.clock.now()
            progress.report(session, replace(known, done=done, total=total, updated_at=now))

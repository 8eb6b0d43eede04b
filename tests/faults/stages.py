"""Does one stage of the real work in a process that may be killed: ``stages.py`` forks one for each line.

A line on standard input is ``{"start": {...}}``, answered with the process's id, or ``{"wait": id}``,
answered with how it ended. Forking a process that has everything imported takes milliseconds, where
starting an interpreter takes seconds: so fifty kills are affordable. Nothing of the product is replaced; the
clock is an argument of it.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from truenav.access.policy import Principal
from truenav.api.server import make_server
from truenav.app.house import House
from truenav.app.nav import bundle, runs
from truenav.app.settings import Settings
from truenav.app.sources.gather import gather
from truenav.app.sources.imports import run_import
from truenav.core.failure import TruenavError
from truenav.core.ids import RunId, TenantId, UserId
from truenav.store import migrate
from truenav.store.commit_points import commit_point
from truenav.store.database import Database
from truenav.store.postgres.process import processes_of
from truenav.store.runs import get
from truenav.worker.process import run_worker


@dataclass(frozen=True)
class FixedClock:
    """Time that stands still."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


@dataclass(frozen=True)
class Work:
    """What a stage needs, as the test wrote it."""

    given: dict[str, Any]
    house: House

    @property
    def tenant(self) -> TenantId:
        return TenantId(self.given["tenant"])

    def principal(self) -> Principal:
        user, role = self.given["person"]
        return Principal(UserId(user), self.tenant, frozenset([role]), user.title())

    def acknowledge(self, what: str) -> None:
        """Tell the outside that something is done; one system call, so a kill leaves it whole."""
        with Path(self.given["acknowledged"]).open("ab", buffering=0) as file:
            file.write(f"{what}\n".encode())


def import_files(work: Work) -> None:
    """As ``truenav import run`` does, file by file."""
    for path in sorted(Path(work.given["files"]).iterdir()):
        with work.house.database.transaction(work.tenant) as session:
            run_import(session, work.house, work.principal(), path.name, path.read_bytes())
        work.acknowledge(path.name)
        commit_point("import.recorded")


def gather_all(work: Work) -> None:
    outcomes = gather(
        work.house,
        work.tenant,
        report=lambda step: work.acknowledge(step.subject) if step.message == "recorded" else None,
    )
    for outcome in outcomes:
        for failure in outcome.failures:
            print(failure.message, file=sys.stderr)


def strike(work: Work) -> None:
    run = runs.advance_run(work.house, work.tenant, RunId(work.given["run"]))
    work.acknowledge(f"{run.state} {run.result_sha}")


def approve(work: Work) -> None:
    with work.house.database.transaction(work.tenant) as session:
        seen = work.given.get("result") or get(session, RunId(work.given["run"])).result_sha
        run = runs.approve(
            session, work.house, work.principal(), RunId(work.given["run"]), result_sha=seen or ""
        )
    work.acknowledge(f"{run.state} {run.result_sha}")


def publish(work: Work) -> None:
    with work.house.database.transaction(work.tenant) as session:
        run = runs.publish(session, work.house, work.principal(), RunId(work.given["run"]))
    work.acknowledge(f"{run.state} {run.bundle_sha}")


def upgrade(work: Work) -> None:
    migrate.upgrade(work.given["owner_dsn"])
    work.acknowledge("migrated")


assert bundle  # imported before the fork, as publishing does it late


def work(work: Work) -> None:
    """A worker process, until it is stopped."""
    run_worker(work.house, work.given["queue_dsn"], concurrency=2, follow=False)


def serve(work: Work) -> None:
    """The API, until it is stopped."""
    settings = replace(work.house.settings, port=work.given["port"])
    make_server(settings, house=replace(work.house, settings=settings)).run()


STAGES = {
    "import": import_files,
    "gather": gather_all,
    "strike": strike,
    "approve": approve,
    "publish": publish,
    "migrate": upgrade,
    "work": work,
    "serve": serve,
}


class Steps:
    """Counts statements, commits, syncs and renames; at a given one something bad happens.

    ``fatal_step``: this process dies, or the database server whose folder is ``victim``.
    ``failing_sync``: from this step on the disk refuses to sync.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self.count = 0
        self._fatal = given.get("fatal_step")
        self._failing = given.get("failing_sync")
        self._victim = given.get("victim")
        self._lock = threading.Lock()
        self._fsync = os.fsync

    def watch(self) -> None:
        event.listen(Engine, "before_cursor_execute", self._step)
        event.listen(Engine, "commit", self._step)
        os.fsync = self._synced
        sys.addaudithook(lambda name, _: self._step() if name == "os.rename" else None)

    def _synced(self, descriptor: int) -> None:
        self._step()
        if self._failing is not None and self.count >= self._failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self._fsync(descriptor)

    def _step(self, *_: object) -> None:
        with self._lock:
            self.count += 1
            if self.count == self._fatal:
                victims = [os.getpid()] if self._victim is None else processes_of(Path(self._victim))
                for pid in list(victims):
                    os.kill(pid, signal.SIGKILL)


def run(given: dict[str, Any]) -> int:
    """One stage from begin to end; the exit code of the command line for it."""
    os.environ.update(given.get("environment", {}))
    steps = Steps(given)
    steps.watch()
    database = Database(given["dsn"])
    settings = Settings(data_dir=Path(given["data_dir"]), private_hosts=frozenset({"127.0.0.1"}))
    work = Work(given, House.of(settings, database, FixedClock(datetime.fromisoformat(given["now"]))))
    try:
        STAGES[given["stage"]](work)
    except TruenavError as error:
        print(f"truenav: {error.message}", file=sys.stderr)
        return error.exit_code
    finally:
        work.acknowledge(f"steps {steps.count}")
    return 0


def child(given: dict[str, Any]) -> None:
    """The life of a forked process; it never returns to the loop of its parent."""
    code = 70
    try:
        log = os.open(given["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = run(given)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def main() -> None:
    answers = os.dup(1)
    for line in sys.stdin:
        request = json.loads(line)
        if "start" in request:
            pid = os.fork()
            if pid == 0:
                child(request["start"])
            answer = pid
        else:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        os.write(answers, f"{answer}\n".encode())
    os.killpg(0, signal.SIGKILL)  # whoever asked is gone; so is what still runs


if __name__ == "__main__":
    main()

"""A migrated database of one test, and worker processes that do tiny jobs on it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from truenav.app.house import House
from truenav.app.settings import Settings
from truenav.core.clock import SystemClock
from truenav.core.ids import TenantId
from truenav.store import migrate, progress, queue
from truenav.store.database import Database
from truenav.store.postgres import Role
from truenav.store.users import create_tenant

TENANT = TenantId("acme")


@dataclass
class Workshop:
    """One installation: its house, its queue, and the worker processes of a test."""

    house: House
    queue_dsn: str
    folder: Path
    processes: list[subprocess.Popen] = field(default_factory=list)
    tenant: TenantId = TENANT

    def start_worker(self) -> subprocess.Popen:
        script = Path(__file__).with_name("tiny_worker.py")
        command = [sys.executable, script, self.house.database.dsn, self.queue_dsn, self.folder]
        log = (self.folder / f"worker-{len(self.processes)}.log").open("w")
        process = subprocess.Popen(command, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def enqueue(self, name: str, **arguments: str) -> str:
        with self.house.database.transaction(TENANT) as session:
            now = self.house.clock.now()
            task = queue.enqueue(session, name, arguments, subject="tiny", at=now)
        assert task is not None
        return task

    def progress(self, task: str) -> progress.TaskProgress:
        with self.house.database.transaction(TENANT) as session:
            return progress.get(session, task)

    @staticmethod
    def until(condition, *, seconds: float, what: str) -> float:
        """Wait until something is so; gives how long it took."""
        start = time.monotonic()
        while not condition():
            if time.monotonic() - start > seconds:
                raise AssertionError(f"{what}: not within {seconds} s")
            time.sleep(0.02)
        return time.monotonic() - start

    def wait_for(self, task: str, state: str, *, seconds: float = 20) -> progress.TaskProgress:
        self.until(lambda: self.progress(task).state == state, seconds=seconds, what=f"{task} {state}")
        return self.progress(task)

    def notes(self, name: str = "notes") -> list[dict]:
        """What the tiny jobs wrote down, in order."""
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def await_workers(self, count: int) -> None:
        """Wait until so many workers stand ready."""
        with psycopg.connect(self.queue_dsn, autocommit=True) as connection:
            query = "SELECT count(*) FROM procrastinate_workers"
            self.until(lambda: connection.execute(query).fetchone() == (count,), seconds=20, what="ready")

    def statuses(self) -> list[str]:
        with psycopg.connect(self.queue_dsn) as connection:
            rows = connection.execute("SELECT status FROM procrastinate_jobs ORDER BY id").fetchall()
        return [status for (status,) in rows]


@pytest.fixture
def workshop(fresh_database, tmp_path) -> Iterator[Workshop]:
    migrate.upgrade(fresh_database.dsn(Role.OWNER))
    database = Database(fresh_database.dsn(Role.APP))
    house = House.of(Settings(data_dir=tmp_path), database, SystemClock())
    with database.transaction(TENANT) as session:
        create_tenant(session, name="Acme", at=house.clock.now())
    shop = Workshop(house, fresh_database.dsn(Role.QUEUE), tmp_path)
    yield shop
    for process in shop.processes:
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
    database.close()

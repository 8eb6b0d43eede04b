"""A worker process whose jobs are tiny: ``tiny_worker.py APP_DSN QUEUE_DSN FOLDER``."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

from truenav.app.house import House
from truenav.app.logs import configure_logs
from truenav.app.settings import Settings
from truenav.core.clock import SystemClock
from truenav.core.failure import ConflictError
from truenav.store.database import Database
from truenav.worker.process import run_worker


def _note(house, arguments, **more):
    line = json.dumps({"pid": os.getpid(), "at": time.time(), **arguments, **more})
    with (house.settings.data_dir / "notes").open("a") as notes:
        notes.write(line + "\n")


def note(house, tenant, arguments):
    _note(house, arguments, tenant=tenant)


def sleep(house, tenant, arguments):
    _note(house, arguments, step="begun")
    time.sleep(float(arguments["seconds"]))
    _note(house, arguments, step="ended")


def sleep_at_first(house, tenant, arguments):
    first = not (house.settings.data_dir / "notes").exists()
    _note(house, arguments, step="begun")
    time.sleep(60 if first else 0)
    _note(house, arguments, step="ended")


def refuse(house, tenant, arguments):
    _note(house, arguments)
    raise ConflictError("The fund 'alpha' is closed. Open it first.")


def break_down(house, tenant, arguments):
    _note(house, arguments)
    raise RuntimeError("out of luck")


JOBS = {f"tiny.{job.__name__}": f"__main__:{job.__name__}" for job in (note, sleep, refuse, break_down)}
JOBS |= {"tiny.sleep_at_first": "__main__:sleep_at_first", "nav.advance": "__main__:note"}
JOBS["nav.strike_scheduled"] = "__main__:note"

if __name__ == "__main__":
    app_dsn, queue_dsn, folder = sys.argv[1:]
    configure_logs(level="info")
    house = House.of(Settings(data_dir=Path(folder)), Database(app_dsn), SystemClock())
    run_worker(house, queue_dsn, jobs=JOBS, concurrency=2, backoff_seconds=0, follow=False)

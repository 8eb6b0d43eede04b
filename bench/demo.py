"""A newcomer's first minutes: `make demo ARGS=--once` in a fresh clone, then once more."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from bench._installation import ROOT
from bench.harness import Contender, Goal, Workload


class Clone:
    """A fresh clone of this checkout's last commit."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="bench-demo-"))
        atexit.register(self.close)
        self.checkout = self.folder / "truenav"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(self.checkout)], check=True)
        self.output = ""

    def demo(self) -> float:
        """Seconds of one `make demo ARGS=--once`."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUENAV_")}
        kept.pop("NUMBA_CACHE_DIR", None)
        began = time.perf_counter()
        done = subprocess.run(
            ["make", "demo", "ARGS=--once"],
            cwd=self.checkout,
            env=kept,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or "identical, byte for byte" not in done.stderr + done.stdout:
            raise AssertionError((done.stderr + done.stdout)[-800:])
        return time.perf_counter() - began

    def close(self) -> None:
        """Stop its database and remove it."""
        truenav = self.checkout / ".venv" / "bin" / "truenav"
        environment = {**os.environ, "TRUENAV_DATA_DIR": str(self.checkout / ".truenav")}
        if truenav.exists():
            stop = [str(truenav), "db", "stop"]
            subprocess.run(stop, cwd=self.checkout, env=environment, capture_output=True, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def workload() -> Workload:
    clone = Clone()
    fresh = clone.demo()
    return Workload(
        title="make demo in a fresh clone, and again",
        items=1,
        unit="demo",
        ours="again",
        contenders=[
            Contender("again", clone.demo, note="second and later runs"),
            Contender("fresh", lambda: fresh, note="the first, with all downloads that no cache held"),
        ],
        goals=[
            Goal("seconds again", lambda seconds: seconds["again"], at_most=30),
            Goal("seconds fresh", lambda seconds: seconds["fresh"], at_most=240),
        ],
        verify=lambda: "Each run ended with a bundle that verifies: identical, byte for byte.",
        runs=3,
    )

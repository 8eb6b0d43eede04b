"""Which processes serve a cluster. A process id alone proves nothing: it may have been re-used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PID_FILE = "postmaster.pid"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The first process of a running cluster, as its ``postmaster.pid`` describes it."""

    pid: int
    started: int  # seconds since 1970, as the postmaster wrote it
    port: int
    ready: bool  # accepts connections; False while it recovers or stops

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read the pid file; None while it is incomplete, or when it is no such file.

        Lines: pid, data folder, start time, port, socket folder, address, shared memory, state.
        """
        lines = text.splitlines()
        try:
            pid, started, port = (int(lines[index]) for index in (0, 2, 3))
        except (IndexError, ValueError):
            return None
        state = lines[7].strip() if len(lines) > 7 else ""
        return cls(pid, started, port, ready=state == "ready") if pid > 1 else None

    def same_run(self, other: Postmaster | None) -> bool:
        """Whether both are one and the same start of the server."""
        return other is not None and (self.pid, self.started) == (other.pid, other.started)


def find_postmaster(cluster: Path) -> Postmaster | None:
    """The live postmaster of a cluster: named by its pid file and seen working in its folder."""
    try:
        server = Postmaster.parse((cluster / PID_FILE).read_text(errors="replace"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    return server if server and serves(server.pid, cluster) else None


def serves(pid: int, cluster: Path) -> bool:
    """Whether process `pid` is a PostgreSQL process of this very cluster."""
    if sys.platform != "linux":
        return f"postgres -D {cluster}" in _command_line(pid)
    try:
        program = os.readlink(f"/proc/{pid}/exe").removesuffix(" (deleted)")
        return Path(program).name == "postgres" and os.path.samefile(f"/proc/{pid}/cwd", cluster)
    except OSError:
        return False


def send(signal_number: signal.Signals, pid: int, cluster: Path) -> bool:
    """Signal process `pid` if it serves the cluster; False when it does not (any more)."""
    if not serves(pid, cluster):
        return False
    try:
        os.kill(pid, signal_number)
    except ProcessLookupError:
        return False
    return True


def processes_of(cluster: Path) -> Iterator[int]:
    """Ids of all processes that serve the cluster; none where the system has no ``/proc``."""
    with suppress(FileNotFoundError):
        for name in os.listdir("/proc"):
            if name.isdigit() and serves(int(name), cluster):
                yield int(name)


def _command_line(pid: int) -> str:
    command = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return shown.stdout

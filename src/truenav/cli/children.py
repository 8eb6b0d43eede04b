"""What runs beside ``truenav serve`` and the demo: API, workers, simulator, each a process of its own.

``python -m truenav.cli.children api FD`` serves the API on a socket that was opened before, so a new process
takes over where a killed one stopped; ``... worker`` does jobs; ``... simulator SCENARIO STATE_DIR FD`` plays
the venues. All end with the process that started them.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path

from truenav.app.house import database_addresses, open_house
from truenav.app.logs import configure_logs
from truenav.app.settings import read_settings
from truenav.store.postgres import Role


def serve_api(descriptor: int) -> None:
    """Answer requests on a listening socket until told to stop."""
    from truenav.api.server import make_server

    make_server(read_settings(os.environ)).run([socket.socket(fileno=descriptor)])


def work(concurrency: int | None = None) -> None:
    """Do jobs until told to stop; ``concurrency`` None: the usual number side by side."""
    from truenav.worker.process import CONCURRENCY, run_worker

    settings = read_settings(os.environ)
    configure_logs(level=settings.log_level)
    queue_dsn = database_addresses(settings)[Role.QUEUE]
    with open_house(settings) as house:
        run_worker(house, queue_dsn, concurrency=concurrency or CONCURRENCY)


def simulate(scenario: str, state_dir: str, descriptor: int) -> None:
    """Play the venues of a scenario on a listening socket until told to stop."""
    from truenav.simulator.server import create_server
    from truenav.simulator.times import parse_clock

    server = create_server(Path(scenario), Path(state_dir), parse_clock("wall"))
    server.run(sockets=[socket.socket(fileno=descriptor)])


def _end_with_parent() -> None:
    """Stop when standard input closes: the parent holds the other end, and it closes however it dies."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


if __name__ == "__main__":
    _end_with_parent()
    if sys.argv[1] == "api":
        serve_api(int(sys.argv[2]))
    elif sys.argv[1] == "simulator":
        simulate(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        work()

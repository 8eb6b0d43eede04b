"""``truenav serve``: the database, the API and the workers, kept running together."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from truenav.cli.common import house, say, settings
from truenav.core.failure import ConflictError

if TYPE_CHECKING:
    from truenav.store.postgres import EmbeddedPostgres

STOP_SECONDS = 10.0

_TICK_SECONDS = 0.1
_DATABASE_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0
_SETTLED_SECONDS = 20.0


class PortTakenError(ConflictError):
    """Another program listens on the port, or we may not."""

    code = "port-taken"


@dataclass(slots=True)
class Child:
    """A process that is started again when it ends, after a pause that doubles each time it ends early."""

    name: str
    arguments: list[str]
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    pause: float = _FIRST_PAUSE_SECONDS
    start_at: float = field(default_factory=time.monotonic)

    def keep_running(self, environment: Mapping[str, str]) -> None:
        """Start the process when it is time, and notice when it has ended."""
        now = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            say(f"The {self.name} ended ({self.process.returncode}); it is started again.")
            settled = now - self.start_at > _SETTLED_SECONDS
            self.pause = _FIRST_PAUSE_SECONDS if settled else min(2 * self.pause, _LONGEST_PAUSE_SECONDS)
            self.process, self.start_at = None, now + self.pause
        if self.process is None and now >= self.start_at:
            self.start_at = now
            self.process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "truenav.cli.children", *self.arguments],
                stdin=subprocess.PIPE,  # closes when we die, and the child ends
                pass_fds=self.descriptors,
                env=environment,
                start_new_session=True,  # Ctrl-C is ours to hand on
            )

    def send(self, number: int) -> None:
        """Signal the process, if it runs."""
        if self.process is not None:
            self.process.send_signal(number)


@click.command()
@click.option("--host", help="Address to listen on; by default TRUENAV_HOST or 127.0.0.1.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="0: any free one; by default TRUENAV_PORT or 8800."
)
@click.option("--workers", type=click.IntRange(0, 64), default=1, show_default=True, help="Worker processes.")
@click.option("--stop-database", is_flag=True, help="Stop the embedded database at the end in any case.")
def serve(*, host: str | None, port: int | None, workers: int, stop_database: bool) -> None:
    """Serve the API and run the workers until stopped; prints the address once the API answers.

    A process that dies is started again. At the end the embedded database is stopped if it was started here.
    """
    with running_database(stop=stop_database) as server:
        serve_until_stopped(
            host or settings().host, settings().port if port is None else port, workers, server
        )


def serve_until_stopped(host: str, port: int, workers: int, server: EmbeddedPostgres | None) -> None:
    """Keep API, workers and ``server`` (None: a database of your own) running until SIGINT or SIGTERM."""
    listener = _listen(host, port)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    descriptor = listener.fileno()
    children = [Child("API", ["api", str(descriptor)], (descriptor,))]
    children += [Child(f"worker {n}", ["worker"]) for n in range(1, workers + 1)]
    try:
        _supervise(children, listener, server, stop)
    finally:
        _end(children)
        listener.close()


@contextmanager
def running_database(*, stop: bool = False) -> Iterator[EmbeddedPostgres | None]:
    """Start and migrate the database; the embedded one is given, and stopped if we started it."""
    from truenav.app.house import embedded_server
    from truenav.store.postgres import ServerState

    chosen = settings()
    if chosen.database_url is not None:
        with house():
            pass
        yield None
        return
    server = embedded_server(chosen)
    found = server.status().state is ServerState.RUNNING
    try:
        with house():
            pass
        yield server
    finally:
        if stop or not found:
            server.stop()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PortTakenError(
            f"Port {port} on {host} cannot be used: {reason}. Choose another with --port, 0 for any free one."
        ) from error


def _supervise(
    children: list[Child], listener: socket.socket, server: EmbeddedPostgres | None, stop: threading.Event
) -> None:
    database_port, looked_at, ready = None, 0.0, False
    while not stop.wait(_TICK_SECONDS):
        if server is not None and time.monotonic() - looked_at > _DATABASE_SECONDS:
            port = server.start().port  # finds it running, or brings it up again
            if database_port not in (None, port):
                for child in children:
                    child.send(signal.SIGTERM)
            database_port, looked_at = port, time.monotonic()
        for child in children:
            child.keep_running(os.environ)
        if not ready and (ready := _answers(listener)):
            click.echo(_address(listener))
            _offer_setup(listener)


def _offer_setup(listener: socket.socket) -> None:
    """Show on this console, and nowhere else, how a new installation gets its first administrator."""
    from truenav.access.first_run import offer_setup

    with house() as opened:
        token = offer_setup(opened.database, now=opened.clock.now())
    if token is not None:
        say(f"Nothing is set up yet. Open {_address(listener)}/setup#{token}")
        say("Whoever opens it becomes the administrator. The link is good once, until the next start.")


def _answers(listener: socket.socket) -> bool:
    host, port = listener.getsockname()[:2]
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=1)  # noqa: S104
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _end(children: list[Child]) -> None:
    """Let every process end what it does, and kill those that are too slow."""
    deadline = time.monotonic() + STOP_SECONDS - 1
    for child in children:
        child.send(signal.SIGTERM)
    for child in children:
        if child.process is not None:
            with suppress(subprocess.TimeoutExpired):
                child.process.wait(max(0.0, deadline - time.monotonic()))
            child.send(signal.SIGKILL)
            child.process.wait()

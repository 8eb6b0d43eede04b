"""``truenav demo``: a fund of funds from connected accounts to a verified NAV, by the product's own services.

Nothing here computes or shortens anything: each step calls what a command or endpoint calls. The venues
are a simulator in a process of its own; the product knows of it only base URLs.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import demo_folder, say, settings
from truenav.cli.demo_basket import BasketDemo
from truenav.cli.demo_fund import Demo, Steps
from truenav.core.failure import UnavailableError

if TYPE_CHECKING:
    from truenav.app.house import House

SIMULATOR_SECONDS = 20.0
LOOPBACK = "127.0.0.1"


@click.command()
@click.option("--once", is_flag=True, help="Stop when all is shown instead of serving.")
@click.option("--files", type=click.Path(file_okay=False, path_type=Path), help="Folder of the demo fund.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port of the API.")
def demo(*, once: bool, files: Path | None, port: int | None) -> None:
    """Run the demo fund: connect, gather, value, NAV, approve, publish, export, verify; then serve it."""
    folder = demo_folder(files)
    os.environ["TRUENAV_PRIVATE_HOSTS"] = LOOPBACK  # its venues are a simulator on this machine
    began = time.monotonic()
    steps = Steps()
    with _simulator(folder) as address, _opened(steps) as house:
        _run(Demo(house, folder, address, steps), began)
        if not once:
            _let_prices_walk(address)
            _serve(port)


def _run(show: Demo, began: float) -> None:
    show.people()
    show.portfolio()
    show.connect()
    show.import_files()
    show.gather()
    show.history()
    run = show.strike_live()
    show.approve_and_publish(run)
    show.export_and_verify(run)
    say(f"\nFrom start to verified NAV: {time.monotonic() - began:.1f} s\n")
    show.list_products()
    BasketDemo(show).show()
    show.log_ins()


@contextmanager
def _opened(steps: Steps) -> Iterator[House]:
    """The house, its database stopped again at the end if it was not running before."""
    from truenav.app.house import open_house
    from truenav.cli.serve import running_database

    with ExitStack() as stack:
        with steps.step("Database: start PostgreSQL, migrate"):
            stack.enter_context(running_database())
            house = stack.enter_context(open_house(settings()))
        yield house


@contextmanager
def _simulator(folder: Path) -> Iterator[str]:
    """The venues, as a process of their own on a free port; it ends with us, however we end."""
    state = settings().data_dir / "simulator"
    state.mkdir(parents=True, exist_ok=True)
    listener = socket.create_server((LOOPBACK, 0))
    arguments = ["simulator", str(folder / "scenario.toml"), str(state), str(listener.fileno())]
    with (state / "log.txt").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "truenav.cli.children", *arguments],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[listener.fileno()],
            start_new_session=True,
        )
    try:
        address = f"http://{LOOPBACK}:{listener.getsockname()[1]}"
        listener.close()
        _await_simulator(process, address, state / "log.txt")
        yield address
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()


def _await_simulator(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    import httpx

    deadline = time.monotonic() + SIMULATOR_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{address}/_simulator/state", timeout=1).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.05)
        else:
            return
    last = log.read_text("utf-8", errors="replace").strip().splitlines()[-1:] or ["it said nothing"]
    raise UnavailableError(f"The simulator did not start: {last[0]} (see {log})")


def _let_prices_walk(address: str) -> None:
    """From here on the venues' prices move, for pages to follow; until here the NAV is always the same."""
    import httpx

    httpx.post(f"{address}/_simulator/walk", json={"on": True}, timeout=5).raise_for_status()


def _serve(port: int | None) -> None:
    from truenav.cli.serve import serve

    arguments = [] if port is None else ["--port", str(port)]
    serve.main(arguments, standalone_mode=False)

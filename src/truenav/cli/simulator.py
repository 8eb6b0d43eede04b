"""``truenav simulator``: a deterministic venue for demos, tests and paper trading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import demo_folder

if TYPE_CHECKING:
    from truenav.simulator.world import World

STATE_DIR = Path(".truenav") / "simulator"

_scenario = click.argument(
    "scenario_path", metavar="SCENARIO", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
_state_dir = click.option(
    "--state-dir",
    type=click.Path(file_okay=False, path_type=Path),
    default=STATE_DIR,
    show_default=True,
    help="Where the day of the first start is remembered.",
)
_clock = click.option(
    "--clock", default="wall", show_default=True, help="wall, or fixed:2026-01-31T08:00:00Z."
)


@click.group()
def simulator() -> None:
    """A deterministic venue for demos, tests and paper trading."""


@simulator.command()
@_scenario
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8900, show_default=True, type=click.IntRange(1, 65535))
@_state_dir
@click.option("--latency-ms", default=0, show_default=True, type=click.IntRange(0, 60_000))
@_clock
def serve(*, scenario_path: Path, host: str, port: int, state_dir: Path, latency_ms: int, clock: str) -> None:
    """Serve SCENARIO until interrupted.

    Point a client's base URL at http://HOST:PORT; the operator's path is /_simulator/state.
    """
    from truenav.simulator import server
    from truenav.simulator.times import parse_clock

    with server.listen(host, port) as listener:
        ready = server.create_server(scenario_path, state_dir, parse_clock(clock), latency=latency_ms / 1000)
        click.echo(f"The simulator listens on http://{host}:{port}", err=True)
        ready.run(sockets=[listener])


def _open(scenario_path: Path, state_dir: Path, clock: str) -> World:
    from truenav.simulator.times import parse_clock
    from truenav.simulator.world import open_world

    return open_world(scenario_path, state_dir, parse_clock(clock))


@simulator.command()
@_scenario
@click.option("--account", required=True, help="The account's id in the scenario.")
@click.option(
    "--out",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the CSV files; made if missing.",
)
@click.option("--as-of", help="RFC 3339 instant; now by default.")
@_state_dir
@_clock
def export(
    *, scenario_path: Path, account: str, out: Path, as_of: str | None, state_dir: Path, clock: str
) -> None:
    """Write an account's statement (balances, positions, trades, transfers) as CSV files."""
    from truenav.simulator.export import write_statement
    from truenav.simulator.times import parse_time

    world = _open(scenario_path, state_dir, clock)
    at = parse_time(as_of) if as_of else None
    for path in write_statement(world, account, out, at):
        click.echo(str(path))


@simulator.command()
@_scenario
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The CSV file.")
@click.option("--as-of", help="RFC 3339 instant; now by default.")
@_state_dir
@_clock
def prices(*, scenario_path: Path, out: Path, as_of: str | None, state_dir: Path, clock: str) -> None:
    """Write closing prices of coins and contracts as one CSV file."""
    from truenav.simulator.export import write_prices
    from truenav.simulator.times import parse_time

    write_prices(_open(scenario_path, state_dir, clock), out, parse_time(as_of) if as_of else None)
    click.echo(str(out))


@simulator.command()
@_scenario
@click.option("--account", help="One account; all of them by default.")
@click.option("--as-of", help="RFC 3339 instant; now by default.")
@_state_dir
@_clock
def truth(
    *, scenario_path: Path, account: str | None, as_of: str | None, state_dir: Path, clock: str
) -> None:
    """Print the exact equity of the accounts at the venues' own marks, as JSON."""
    import json

    from truenav.simulator.times import parse_time
    from truenav.simulator.truth import truth as true_equity

    world = _open(scenario_path, state_dir, clock)
    at = parse_time(as_of) if as_of else None
    names = [account] if account else list(world.scenario.accounts)
    click.echo(json.dumps([true_equity(world, name, at) for name in names], indent=2))


@simulator.command()
@click.option("--seed", type=int, default=0, show_default=True, help="The world; the first of several.")
@click.option("--count", type=click.IntRange(min=1), default=1, show_default=True, help="How many worlds.")
@click.option("--month", is_flag=True, help="A whole month instead of nine days.")
@click.option("--served", is_flag=True, help="Ask venues over real HTTP instead of within the process.")
@click.option("--calm", is_flag=True, help="Without faults.")
@click.option(
    "--market",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder of the prices to replay; the demo fund's by default.",
)
def fuzz(*, seed: int, count: int, month: bool, served: bool, calm: bool, market: Path | None) -> None:
    """Live through random worlds: random accounts at random venues in random storms, against their truth.

    Prints a line a world; the first in which the product is wrong ends it, and its seed makes it again.
    """
    import asyncio

    from truenav.proving.life import live_through
    from truenav.proving.scenario import MONTH, WEEK

    folder = market or demo_folder() / "market"
    for number in range(seed, seed + count):
        lived = asyncio.run(
            live_through(number, market=folder, size=MONTH if month else WEEK, stormy=not calm, served=served)
        )
        click.echo(
            f"world {number}: true. {lived.facts} facts, {lived.requests} requests; in storms "
            f"{lived.provisional} NAVs provisional, {lived.right} right"
        )

"""What ``truenav etp`` shows of a simulation: figures for programs, files, and a page for people."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any, TextIO

import click

from truenav import __version__
from truenav.calc.etp.engine.calendar import instant_of, usual_step
from truenav.calc.etp.engine.simulate import Event, EventKind, Simulation
from truenav.calc.etp.explain.attribution import Explanation, Parts
from truenav.calc.etp.explain.outlook import Outlook, Prospect
from truenav.calc.etp.explain.path import nav_path
from truenav.calc.etp.explain.replay import FinancingSource, financing_source, gaps_of
from truenav.cli.common import table
from truenav.cli.etp_inputs import Input, Options
from truenav.core.clock import instant_text
from truenav.core.money import exact, rounded, to_text

SHOWN_EVENTS = 10
_SECOND = 1_000_000

NAV_COLUMNS = ("at", "price", "nav", "nav_adjusted", "leverage")
EVENT_COLUMNS = (
    "at",
    "kind",
    "price",
    "nav_before",
    "nav",
    "leverage_before",
    "leverage",
    "trade",
    "position",
    "cash",
    "financing",
    "fees",
    "costs",
    "gap",
    "deficit",
)
PART_NAMES = {
    "leverage": "leverage x underlying",
    "compounding": "compounding",
    "financing": "financing",
    "fees": "fees",
    "costs": "trading costs",
    "gap": "gaps at triggers",
    "deficit": "borne by the issuer",
}


@dataclass(frozen=True, slots=True)
class Replay:
    """A product over a history, explained, with what went in."""

    rules: Input
    prices: Input
    more: tuple[tuple[str, Input], ...]
    options: Options
    simulation: Simulation
    explanation: Explanation


def number(value: Decimal | None, places: int | None) -> str | None:
    """A number exactly, or rounded to ``places``."""
    if value is None:
        return None
    return to_text(value if places is None else rounded(value, places))


# --- for programs ----------------------------------------------------------------------------------------


def figures(replay: Replay, places: int | None) -> dict[str, object]:
    """Where the return came from, and what it was computed from."""
    simulation, explained = replay.simulation, replay.explanation
    product, times, as_of = simulation.product, simulation.history.times, replay.options.rules_as_of
    inputs = (("rules", replay.rules), ("prices", replay.prices), *replay.more)
    return {
        "product": {name: getattr(product, name) for name in ("id", "issuer", "underlying", "quote")},
        "inputs": {kind: {"name": given.name, "sha256": given.sha256} for kind, given in inputs},
        "symbol": replay.options.symbol,
        "rules_as_of": None if as_of is None else instant_text(as_of),
        "triggers_filled_at": "their own price" if replay.options.continuous else "the mark",
        "start": instant_text(explained.start),
        "end": instant_text(explained.end),
        "marks": len(times),
        "step_seconds": to_text(Decimal(usual_step(times)) / _SECOND),
        "gaps": _told_gaps(simulation),
        "nav_before": number(explained.nav_before, places),
        "nav_after": number(explained.nav_after, places),
        "return": number(explained.product, places),
        "underlying_return": number(explained.underlying, places),
        "parts": {part.name: number(getattr(explained.parts, part.name), places) for part in fields(Parts)},
        "financing_from": str(financing_source(simulation)),
        "deepest_drawdown": number(simulation.worst, places),
        "scheduled": simulation.scheduled,
        "triggered": simulation.triggered,
        "turnover": number(explained.turnover, places),
        "unit_changes": [
            {"at": _at(merge.at), "nav_factor": to_text(merge.ratio)} for merge in simulation.merges
        ],
        "truenav": __version__,
    }


def _told_gaps(simulation: Simulation) -> dict[str, object]:
    found = gaps_of(simulation.history.times)
    if not found:
        return {"count": 0}
    earlier, later = _longest(found)
    return {"count": len(found), "longest_after": _at(earlier), "longest_before": _at(later)}


def path_rows(simulation: Simulation, *, published_only: bool, places: int | None) -> Iterator[list[str]]:
    """The NAV path, a row of texts for each point."""
    for point in nav_path(simulation, published_only=published_only):
        yield [_at(point.at), *_cells(point[1:], places)]


def event_rows(events: Iterable[Event], places: int | None) -> Iterator[list[str]]:
    """Events, a row of texts each."""
    for event in events:
        numbers = [getattr(event, name) for name in EVENT_COLUMNS[2:]]
        yield [_at(event.at), str(event.kind), *_cells(numbers, places)]


def _cells(numbers: Iterable[Decimal | None], places: int | None) -> list[str]:
    return [number(value, places) or "" for value in numbers]


def write_csv(file: TextIO, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Names and rows."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def write_files(folder: Path, replay: Replay, *, published_only: bool, places: int | None) -> list[Path]:
    """Write nav.csv, events.csv and attribution.json; the same inputs make the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in ("nav.csv", "events.csv", "attribution.json")]
    simulation = replay.simulation
    with paths[0].open("w", encoding="utf-8", newline="") as file:
        write_csv(file, NAV_COLUMNS, path_rows(simulation, published_only=published_only, places=places))
    with paths[1].open("w", encoding="utf-8", newline="") as file:
        write_csv(file, EVENT_COLUMNS, event_rows(simulation.events, places))
    text = json.dumps(figures(replay, places), indent=2, ensure_ascii=False)
    paths[2].write_text(text + "\n", encoding="utf-8")
    return paths


def as_json(replay: Replay, *, published_only: bool, places: int | None) -> str:
    """All of it as one object."""
    simulation = replay.simulation
    path = path_rows(simulation, published_only=published_only, places=places)
    whole = {
        **figures(replay, places),
        "nav": [dict(zip(NAV_COLUMNS, row, strict=True)) for row in path],
        "events": [
            dict(zip(EVENT_COLUMNS, row, strict=True)) for row in event_rows(simulation.events, places)
        ],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


# --- for people ------------------------------------------------------------------------------------------


def show_page(replay: Replay) -> None:
    """Print what happened and where the return came from, rounded for reading."""
    simulation, explained = replay.simulation, replay.explanation
    product, history = simulation.product, simulation.history
    click.echo(
        f"{product.id} of {product.issuer}, {_target(simulation)} {product.underlying} in {product.quote}"
    )
    click.echo(
        f"{instant_text(explained.start)} to {instant_text(explained.end)}, {len(history):,} marks, "
        f"one every {_duration(usual_step(history.times))}"
    )
    click.echo()
    with exact():
        rows = [
            ["NAV", short(explained.nav_before), short(explained.nav_after), percent(explained.product)],
            [
                f"{replay.options.symbol or product.underlying} mark",
                short(history.prices[0]),
                short(history.prices[-1]),
                percent(explained.underlying),
            ],
        ]
    table(("", "first", "last", "change %"), rows)
    click.echo(f"deepest drawdown of NAV: {percent(simulation.worst)} %")
    click.echo()
    click.echo("Where the return came from (% of the first NAV)")
    for part, name in PART_NAMES.items():
        value = getattr(explained.parts, part)
        if rounded(value, 4) or part in ("leverage", "compounding", "fees"):
            click.echo(f"  {name:<22}{percent(value):>12}")
    click.echo(f"  {'together':<22}{percent(explained.product):>12}")
    click.echo()
    click.echo(
        f"{simulation.scheduled} scheduled and {simulation.triggered} triggered rebalances; "
        f"turnover {short(explained.turnover)} times NAV"
    )
    _show_unit_changes(simulation)
    _show_notes(replay)
    _show_events(simulation.events)


def _show_unit_changes(simulation: Simulation) -> None:
    for merge in simulation.merges:
        click.echo(f"share change at {_at(merge.at)}: NAV of a unit times {to_text(merge.ratio)}")
    if simulation.merges:
        *_, last = nav_path(simulation, published_only=True)
        click.echo(f"a unit is worth {short(last.nav)} now; all else here is of a unit as first issued")


def _show_notes(replay: Replay) -> None:
    simulation, product = replay.simulation, replay.simulation.product
    found = gaps_of(simulation.history.times)
    if found:
        earlier, later = _longest(found)
        click.echo(
            f"{len(found)} gaps in the marks, the longest of {_duration(later - earlier)} after "
            f"{_at(earlier)}; what fell due in a gap happened at the mark after it"
        )
    if financing_source(simulation) is FinancingSource.UNKNOWN:
        click.echo("financing is not in these figures: the rules fix no rate and no --funding was given")
    symbol, as_of = replay.options.symbol, replay.options.rules_as_of
    if symbol is not None and product.underlying.lower() not in symbol.lower():
        click.echo(f"the marks are of {symbol}, the rules of a product on {product.underlying}")
    if as_of is not None:
        click.echo(f"a what-if: the rules of {instant_text(as_of)} as if they had always held")
    if replay.options.continuous:
        click.echo("a what-if: triggers are filled at their own price, which no real market promises")
    if not product.terms[-1].target_is_published:
        click.echo("the issuer does not publish the target; the one of the rules is an assumption")


def _show_events(events: Sequence[Event]) -> None:
    chosen = [event for event in events if event.kind in (EventKind.TRIGGERED, EventKind.RUINED)]
    if not chosen:
        return
    click.echo()
    with exact():
        rows = [
            [
                _at(event.at),
                str(event.kind),
                short(event.price),
                short(event.leverage_before),
                short(event.leverage),
                percent(event.trade * event.price / event.nav if event.nav > 0 else None),
                percent(event.gap / event.nav_before if event.nav_before > 0 else None),
                short(event.nav),
            ]
            for event in chosen[:SHOWN_EVENTS]
        ]
    table(("at", "event", "mark", "leverage", "after", "trade % NAV", "gap % NAV", "NAV"), rows)
    if len(chosen) > SHOWN_EVENTS:
        click.echo(f"and {len(chosen) - SHOWN_EVENTS} more; --out FOLDER writes all of them")


def show_comparison(replays: Sequence[tuple[str, Simulation, Explanation]]) -> None:
    """Print one row for each product over the same marks."""
    _, first, explained = replays[0]
    click.echo(
        f"{instant_text(explained.start)} to {instant_text(explained.end)}, {len(first.history):,} marks, "
        f"one every {_duration(usual_step(first.history.times))}; "
        f"underlying {percent(explained.underlying)} %"
    )
    click.echo()
    rows = [_comparison_cells(compared(*replay)) for replay in replays]
    table(("rules", "product", "target", *COMPARED.values()), rows)
    if any(financing_source(simulation) is FinancingSource.UNKNOWN for _, simulation, _ in replays):
        click.echo("— financing is unknown: the rules fix no rate and no --funding was given")


COMPARED = {
    "nav": "NAV",
    "return": "return %",
    "deepest_drawdown": "drawdown %",
    "scheduled": "sched.",
    "triggered": "trigg.",
    "turnover": "turnover",
    "leverage": "leverage %",
    "compounding": "compound. %",
    "financing": "financing %",
    "fees": "fees %",
    "costs": "costs %",
    "gap": "gap %",
}
_COUNTS = frozenset({"scheduled", "triggered"})


def compared(name: str, simulation: Simulation, explained: Explanation) -> dict[str, object]:
    """The figures of a comparison's row; financing is None where it is unknown."""
    row = {
        "rules": name,
        "product": simulation.product.id,
        "target": simulation.product.terms[-1].target,
        "nav": explained.nav_after,
        "return": explained.product,
        "deepest_drawdown": simulation.worst,
        "scheduled": simulation.scheduled,
        "triggered": simulation.triggered,
        "turnover": explained.turnover,
        **{part.name: getattr(explained.parts, part.name) for part in fields(Parts)},
    }
    return row | ({"financing": None} if financing_source(simulation) is FinancingSource.UNKNOWN else {})


def _comparison_cells(row: Mapping[str, Any]) -> list[str]:
    cells = [str(row["rules"]), str(row["product"]), to_text(row["target"])]
    for name in COMPARED:
        if name in _COUNTS:
            cells.append(str(row[name]))
        else:
            cells.append(short(row[name]) if name in ("nav", "turnover") else percent(row[name]))
    return cells


def show_outlook(found: Outlook) -> None:
    """Print where a product stands, and what which price would bring."""
    when = f"{instant_text(found.at)}: " if found.at else ""
    click.echo(f"{when}mark {short(found.price)}, NAV {short(found.nav)}, leverage {short(found.leverage)}")
    if found.armed_at is not None:
        click.echo(f"the trigger sleeps until {instant_text(found.armed_at)}")
    if found.next_due is not None:
        click.echo(f"next by the calendar: {instant_text(found.next_due)}")
    click.echo()
    rows = [["rebalance", *_prospect(one)] for one in found.triggers]
    if found.ruin is not None:
        rows.append(["nothing left", *_prospect(found.ruin)])
    if rows:
        table(("event", "price", "move %", "leverage", "after", "trade a unit", "trade % NAV"), rows)
    else:
        click.echo("no price makes this product act by itself")


def _prospect(one: Prospect) -> list[str]:
    return [
        short(one.price),
        percent(one.move),
        short(one.leverage),
        short(one.leverage_after),
        short(one.trade),
        percent(one.traded_share),
    ]


def short(value: Decimal | None, places: int = 4) -> str:
    """A number for reading: about six digits, thousands apart; unknown is a dash."""
    if value is None:
        return "—"
    if value and abs(value) < 1:
        places += min(-value.adjusted() - 1, 12)
    elif abs(value) >= 1000:
        places = 2
    return f"{rounded(value, places):,f}"


def percent(fraction: Decimal | None) -> str:
    """A fraction in percent, with its sign."""
    if fraction is None:
        return "—"
    shown = rounded(fraction * 100, 2)
    return f"{shown:+,f}" if shown else "0.00"


def _target(simulation: Simulation) -> str:
    targets = list(dict.fromkeys(terms.target for terms in simulation.product.terms))
    return " and ".join(f"{to_text(target)}x" for target in targets)


def _longest(found: Sequence[tuple[int, int]]) -> tuple[int, int]:
    return max(found, key=lambda pair: pair[1] - pair[0])


def _duration(microseconds: int) -> str:
    seconds = Decimal(microseconds) / _SECOND
    for size, name in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{to_text(seconds / size)} {name}"
    return f"{to_text(seconds)} s"


def _at(microseconds: int) -> str:
    return instant_text(instant_of(microseconds))

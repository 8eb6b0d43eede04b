"""The priced lines of one fund with what they add up to; new marks touch only the lines that use them."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from truenav.calc.nav.bridge import EffectSums, ThingKey, thing_key
from truenav.calc.nav.context import Context
from truenav.calc.nav.lines import priced, shown
from truenav.calc.nav.model import LineKind, NavLine
from truenav.calc.nav.prices import Prices
from truenav.calc.nav.run import FundRun
from truenav.calc.nav.totals import LineSums
from truenav.core.failure import Failure
from truenav.core.money import summing

Holdings = Mapping[int, NavLine]
"""The lines of holdings, by place."""


@dataclass(frozen=True, slots=True)
class FundLines:
    """One line for each piece of a fund, in the same order; places count from zero.

    ``lines`` are unrounded, ``shown`` rounded for output. ``changed``: the places whose shown line is not
    what it was in the valuation before; None if there was none.
    """

    lines: tuple[NavLine, ...]
    shown: tuple[NavLine, ...]
    failures: Mapping[int, Failure]
    sums: LineSums
    effects: EffectSums
    changed: tuple[int, ...] | None


def first_lines(context: Context, run: FundRun, prices: Prices, holdings: Holdings) -> FundLines:
    """Price every piece. Under ``exact()``."""
    failures: dict[int, Failure] = {}
    lines: list[NavLine] = []
    for place, piece in enumerate(run.pieces):
        line, failure = (holdings[place], None) if place in holdings else priced(context, prices, piece)
        lines.append(line)
        if failure is not None:
            failures[place] = failure
    sums = LineSums(run.last)
    with summing():
        for line in lines:
            sums.add(line)
    effects = EffectSums()
    if run.start is not None:
        _explain(effects, run, run.start.things | run.things.keys(), lines, prices)
    places = context.inputs.policy.output_places
    return FundLines(
        tuple(lines), tuple(shown(line, places) for line in lines), failures, sums, effects, None
    )


def next_lines(
    before: FundLines,
    context: Context,
    run: FundRun,
    prices: Prices,
    holdings: Holdings,
) -> FundLines:
    """Price again the pieces that rest on a changed mark, and every holding. Under ``exact()``."""
    lines, outputs, failures = list(before.lines), list(before.shown), dict(before.failures)
    sums = before.sums.copied()
    touched = {place for subject in prices.changed for place in run.readers.get(subject, ())}
    things: set[ThingKey] = {key for subject in prices.changed for key in run.ended.get(subject, ())}
    changed: list[int] = []
    for place in sorted(touched | holdings.keys()):
        old, piece = lines[place], run.pieces[place]
        new, failure = (holdings[place], None) if place in holdings else priced(context, prices, piece)
        failures.pop(place, None)
        if failure is not None:
            failures[place] = failure
        lines[place] = new
        things.add(thing_key(piece))
        with summing():
            sums.change(old, new)
        output = shown(new, context.inputs.policy.output_places)
        if output != outputs[place]:
            outputs[place] = output
            changed.append(place)
    effects = before.effects
    if run.start is not None:
        effects = effects.copied()
        _explain(effects, run, things, lines, prices)
    return FundLines(tuple(lines), tuple(outputs), failures, sums, effects, tuple(changed))


def manual_lines(run: FundRun, lines: FundLines) -> tuple[NavLine, ...]:
    """The unrounded lines of manual items."""
    return tuple(lines.lines[place] for place in run.by_kind.get(LineKind.MANUAL, ()))


def _explain(
    effects: EffectSums, run: FundRun, things: Set[ThingKey], lines: list[NavLine], prices: Prices
) -> None:
    assert run.start is not None
    for key in things:
        found = run.start.effects(key, (lines[place] for place in run.things.get(key, ())), prices)
        with summing():
            effects.put(key, found)

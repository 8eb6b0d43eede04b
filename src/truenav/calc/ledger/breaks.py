"""Why a window does not add up: timing, a fee, a missing fact, a price, or unknown, each with its evidence.

An explanation is a finding, not a correction: nothing is changed by it. The causes are tried in that order,
and a cause is named only where it gives the difference exactly. Method: docs/methods/reconciliation.md.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from truenav.calc.ledger.completeness import Movement, WalletHistory, Window
from truenav.calc.ledger.deltas import Reason
from truenav.core.clock import instant_text
from truenav.core.facts import Fact, Trade, Transfer
from truenav.core.money import ZERO, exact

TIMING = timedelta(minutes=5)
"""How far from a snapshot something may have happened and still be seen on its other side."""

TRANSIT = timedelta(hours=72)
"""The same for a transfer, which a venue may date back to when it was first seen."""

LARGEST_FEE_RATE = Decimal("0.01")
"""What share of a turnover a fee that no fill states may be."""


class BreakKind(StrEnum):
    """Cause of a difference."""

    TIMING = "timing"
    FEE = "fee"
    MISSING_FACT = "missing_fact"
    PRICE = "price"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Explanation:
    """What makes the difference, in a sentence, and the facts that show it."""

    kind: BreakKind
    message: str
    evidence: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What may explain a window.

    ``history`` is the wallet's, reaching `TIMING` beyond the window where that is known. ``siblings`` are
    the windows of the same wallet over the same time, ``strays`` transfers elsewhere whose other leg was not
    found, ``unbooked`` facts of the account without contract terms, ``unread`` what could not be read.
    """

    history: WalletHistory
    siblings: Sequence[Window] = ()
    strays: Sequence[Fact] = ()
    unbooked: Sequence[Fact] = ()
    unread: Sequence[str] = ()


def explain(window: Window, around: Surroundings) -> Explanation:
    """The first cause that gives exactly the difference of a broken window."""
    causes: tuple[Callable[[Window, Decimal, Surroundings], Explanation | None], ...] = (
        _timing,
        _slow_transfer,
        _fee,
        _unstated_fee,
        _missing_leg,
        _missing_fact,
        _price,
    )
    with exact():
        for cause in causes:
            if (found := cause(window, window.difference or ZERO, around)) is not None:
                return found
    return Explanation(BreakKind.UNKNOWN, "No fact that is known gives this difference.")


def offsetting(
    breaks: Iterable[tuple[Window, Explanation]],
) -> tuple[tuple[tuple[Window, Explanation], ...], ...]:
    """Runs of breaks of one asset or contract that are nothing but timing: together they add up to zero.

    A run counts only where one of its breaks is explained by timing, so that two missing facts of one size
    are not taken for one that came late.
    """
    by_subject: dict[tuple[str, str, str, bool], list[tuple[Window, Explanation]]] = {}
    for one in sorted(breaks, key=lambda one: _opens(one[0])):
        window = one[0]
        key = (window.account, window.wallet, window.subject, window.is_position)
        by_subject.setdefault(key, []).append(one)
    found = []
    with exact():
        for key in sorted(by_subject):
            found += _runs(by_subject[key])
    return tuple(found)


def _runs(breaks: list[tuple[Window, Explanation]]) -> list[tuple[tuple[Window, Explanation], ...]]:
    found: list[tuple[tuple[Window, Explanation], ...]] = []
    run: list[tuple[Window, Explanation]] = []
    left = ZERO
    for one in breaks:
        if not run and one[1].kind is not BreakKind.TIMING:
            continue
        run.append(one)
        left += one[0].difference or ZERO
        if left == 0:
            found.append(tuple(run))
            run = []
    return found


def _timing(window: Window, difference: Decimal, around: Surroundings) -> Explanation | None:
    """Something near a snapshot that belongs to its other side."""
    opened, closed = window.opening_at, window.closing_at
    if opened is None or closed is None:
        return None
    sides = (
        ("is in the closing snapshot already", 1, closed, closed + TIMING, 1),
        ("is not yet in the closing snapshot", -1, max(opened, closed - TIMING), closed, -1),
        ("was not yet in the opening snapshot", 1, opened - TIMING, opened, -1),
        ("was in the opening snapshot already", -1, opened, min(closed, opened + TIMING), 1),
    )
    for words, sign, after, until, step in sides:
        near = _between(window, around, after, until)[::step]
        if facts := _adding_up(near, sign * difference):
            return Explanation(BreakKind.TIMING, f"{_named(facts)} {words}.", facts)
    return None


def _adding_up(movements: Iterable[Movement], wanted: Decimal) -> tuple[Fact, ...]:
    """The first facts, from a snapshot away, that make up a quantity; nothing where none do."""
    total, facts = ZERO, []
    for fact, quantity in _by_fact(movements):
        total += quantity
        facts.append(fact)
        if total == wanted:
            return tuple(facts)
    return ()


def _by_fact(movements: Iterable[Movement]) -> list[tuple[Fact, Decimal]]:
    """What each fact moved in all, its fee included, in the order of the movements."""
    found: list[tuple[Fact, Decimal]] = []
    for one in movements:
        if found and found[-1][0] is one.fact:
            found[-1] = (one.fact, found[-1][1] + one.delta.quantity)
        else:
            found.append((one.fact, one.delta.quantity))
    return found


def _slow_transfer(window: Window, difference: Decimal, around: Surroundings) -> Explanation | None:
    """A transfer that is dated before the wallet showed it."""
    opened, closed = window.opening_at, window.closing_at
    if opened is None or closed is None:
        return None
    for fact, quantity in _by_fact(_between(window, around, opened - TRANSIT, closed)):
        at = fact.occurred_at
        if not isinstance(fact.body, Transfer):
            continue
        if at <= opened and quantity == difference:
            words = "was booked after the opening snapshot"
        elif opened < at and closed - at < TRANSIT and -quantity == difference:
            words = "was not yet booked at the closing snapshot"
        else:
            continue
        return Explanation(BreakKind.TIMING, f"{_named([fact])} {words}.", (fact,))
    return None


def _fee(window: Window, difference: Decimal, around: Surroundings) -> Explanation | None:
    """A fee that is stated, but was not taken, or taken twice."""
    fees = [one for one in _inside(window, around) if one.delta.reason is Reason.FEE]
    whole = sum((one.delta.quantity for one in fees), ZERO)
    choices = [*((one.delta.quantity, [one.fact]) for one in fees), (whole, [one.fact for one in fees])]
    for number, facts in choices:
        if number and abs(difference) == abs(number):
            words = "charged once more" if difference == number else "part of an amount, not on top of it"
            return Explanation(
                BreakKind.FEE,
                f"The difference is the fee of {_named(facts)}: {words}.",
                tuple(dict.fromkeys(facts)),
            )
    return None


def _unstated_fee(window: Window, difference: Decimal, around: Surroundings) -> Explanation | None:
    """Fills that state no fee, in a wallet that lost the share of their turnover that a fee would be."""
    if difference >= 0:
        return None
    fills = [
        one
        for one in _inside(window, around)
        if isinstance(one.fact.body, Trade) and not one.fact.body.fees and one.delta.reason is Reason.TRADE
    ]
    turnover = sum((abs(one.delta.quantity) for one in fills), ZERO)
    if window.is_position or -difference > turnover * LARGEST_FEE_RATE:
        return None
    facts = tuple(dict.fromkeys(one.fact for one in fills))
    return Explanation(
        BreakKind.FEE,
        f"{_named(facts)} without a fee; the difference is less than a hundredth of the turnover.",
        facts,
    )


def _missing_leg(window: Window, difference: Decimal, around: Surroundings) -> Explanation | None:
    """A transfer elsewhere whose other leg would be just this."""
    opened, closed = window.opening_at, window.closing_at
    if opened is None or closed is None or window.is_position:
        return None
    for stray in around.strays:
        body = stray.body
        if not isinstance(body, Transfer) or body.amount.asset != window.subject:
            continue
        if (stray.account, body.wallet) == (window.account, window.wallet):
            continue
        near = opened - TRANSIT < stray.occurred_at <= closed + TRANSIT
        if near and body.amount.number == -difference:
            return Explanation(
                BreakKind.MISSING_FACT,
                f"It would be the other leg of a {_named([stray])} elsewhere, which is not known here.",
                (stray,),
            )
    return None


def _missing_fact(window: Window, difference: Decimal, around: Surroundings) -> Explanation | None:
    """Facts without contract terms, and what could not be read at all."""
    del difference
    unbooked = tuple(
        fact
        for fact in around.unbooked
        if fact.account == window.account and _within(window, fact.occurred_at)
    )
    if unbooked:
        return Explanation(
            BreakKind.MISSING_FACT, f"{_named(unbooked)} cannot be booked: no contract terms.", unbooked
        )
    if around.unread:
        return Explanation(BreakKind.MISSING_FACT, f"Not everything was read: {'; '.join(around.unread)}.")
    return None


def _price(window: Window, difference: Decimal, around: Surroundings) -> Explanation | None:
    """Contracts that agree and the cash of closing them that does not."""
    del difference
    realised = [
        one for one in _inside(window, around) if one.delta.reason in (Reason.REALISED, Reason.SETTLEMENT)
    ]
    contracts = [one for one in around.siblings if one.is_position]
    if window.is_position or not realised or not contracts or any(one.is_break for one in contracts):
        return None
    facts = tuple(dict.fromkeys(one.fact for one in realised))
    return Explanation(
        BreakKind.PRICE,
        f"The contracts agree, the cash of {_named(facts)} does not: it was settled at another price.",
        facts,
    )


def _inside(window: Window, around: Surroundings) -> list[Movement]:
    """What moved the window's asset or contract in it."""
    movements = around.history.movements
    if not movements:
        return []
    after = window.opening_at or _occurred(movements[0]) - TIMING
    return _between(window, around, after, window.closing_at or _occurred(movements[-1]))


def _between(window: Window, around: Surroundings, after: datetime, until: datetime) -> list[Movement]:
    """What moved the window's asset or contract in ``(after, until]``, in time order."""
    movements = around.history.movements
    start = bisect_right(movements, after, key=_occurred)
    end = bisect_right(movements, until, key=_occurred)
    return [one for one in movements[start:end] if one.delta.subject == window.subject]


def _occurred(movement: Movement) -> datetime:
    return movement.fact.occurred_at


def _within(window: Window, at: datetime) -> bool:
    opened, closed = window.opening_at, window.closing_at
    return (opened is None or at > opened) and (closed is None or at <= closed)


def _named(facts: Sequence[Fact]) -> str:
    """The first of some facts and how many more; a transfer's own id may be an address, so it is left out."""
    first = facts[0]
    id = "" if isinstance(first.body, Transfer) else f" {first.external_id}"
    name = f"{first.kind.replace('_', ' ')}{id} of {instant_text(first.occurred_at)}"
    return name if len(facts) == 1 else f"{name} and {len(facts) - 1} more"


def _opens(window: Window) -> tuple[str, str]:
    at = window.opening_at
    return ("" if at is None else instant_text(at), window.subject)

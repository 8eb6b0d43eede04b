"""What the public may know of a product: one value, whose canonical JSON and CSV are the same for the same
inputs.

All figures of one unit are of a present one, so that history compares across share merges; numbers are
rounded here, once, to `PLACES` decimals.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from truenav.calc.etp.engine.adjustments import UnitChange, adjustments, back_adjusted
from truenav.calc.etp.engine.calendar import eras, instant_of, instants
from truenav.calc.etp.engine.rules import limits_of
from truenav.calc.etp.engine.simulate import Event, EventKind, terms_at
from truenav.calc.etp.engine.stepping import State, ruin_bounds, trigger_bounds
from truenav.calc.etp.live.state import HaltCause, LiveProduct, ProposalKind, Rebalance, Step, basket, halts
from truenav.core.canonical import encode
from truenav.core.clock import instant_text
from truenav.core.money import ZERO, exact, rounded, to_text
from truenav.core.product import SECONDS_A_DAY, Product, Source, Terms

METHOD = "leveraged-1"
"""Version of the methods behind the figures; it changes with them."""

PLACES = 18

_DAY = SECONDS_A_DAY * 1_000_000


@dataclass(frozen=True, slots=True)
class RebalanceLine:
    """A rebalance. ``quantity`` is the underlying bought for one unit (sold is negative), at ``price`` on
    average; ``cost`` is what trading cost one unit, in the quote asset.
    """

    at: datetime
    kind: str
    price: Decimal | None
    leverage_before: Decimal | None
    leverage_after: Decimal | None
    quantity: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class ChargeLine:
    """Fees and financing of one unit, in the quote asset; what was paid is positive."""

    at: datetime
    nav_before: Decimal
    fees: Decimal
    financing: Decimal


@dataclass(frozen=True, slots=True)
class NavLine:
    """A published NAV, as it was, and in present units."""

    at: datetime
    nav: Decimal
    adjusted_nav: Decimal


@dataclass(frozen=True, slots=True)
class AdjustmentLine:
    """By what figures of one unit up to and including ``until`` are multiplied."""

    until: datetime
    factor: Decimal


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A share merge or split: ``old`` units became ``new`` ones."""

    at: datetime
    old: int
    new: int


@dataclass(frozen=True, slots=True)
class Disclosure:
    """A product as the public may see it.

    Attributes
    ----------
    as_of : instant of the mark; ``price`` and ``source`` are the mark's.
    position, cash, loan, nav, leverage : of one unit; a loan is positive, and the cash below zero.
    net_assets : of all units.
    target : none where the issuer does not publish it; then ``rules`` do not name it either.
    rebalances_at_or_below, rebalances_at_or_above : prices at which the trigger fires, if nothing changes
        before; none where it does not, or where they would tell a hidden target.
    nothing_left_at : price at which NAV is 0.
    next_scheduled_at : next instant of a scheduled rebalance.
    rules : those in force, as canonical data; ``sources``, ``conflicts`` and ``assumptions`` tell where they
        come from.
    """

    method: str
    product: str
    issuer: str
    underlying: str
    quote: str
    as_of: datetime
    price: Decimal
    source: str
    units: Decimal
    position: Decimal
    cash: Decimal
    loan: Decimal
    nav: Decimal
    net_assets: Decimal
    leverage: Decimal | None
    target: Decimal | None
    rebalances_at_or_below: Decimal | None
    rebalances_at_or_above: Decimal | None
    nothing_left_at: Decimal | None
    next_scheduled_at: datetime | None
    halts: tuple[HaltCause, ...]
    rebalancing: ProposalKind | None
    rebalances: tuple[RebalanceLine, ...]
    charges: tuple[ChargeLine, ...]
    navs: tuple[NavLine, ...]
    adjustments: tuple[AdjustmentLine, ...]
    changes: tuple[ChangeLine, ...]
    rules: Mapping[str, Any]
    sources: tuple[Source, ...]
    conflicts: tuple[str, ...]
    assumptions: tuple[str, ...]


def disclosure(
    product: Product,
    live: LiveProduct,
    *,
    steps: Sequence[Step] = (),
    rebalances: Sequence[Rebalance] = (),
    changes: Sequence[tuple[int, UnitChange]] = (),
) -> Disclosure:
    """The public document of a product at its last mark.

    ``steps`` are those since it opened, ``rebalances`` those of a hedged product that are closed, ``changes``
    its merges and splits, each with the instant of the mark after which it was done (rising).
    """
    terms = terms_at(product, live.mark.at)
    with exact():
        one = basket(live)
        low, high, ruin = _bounds(live, terms)
        factors = adjustments(changes)
        seen = tuple((step.event.at, step.published) for step in steps if step.published is not None)
        adjusted = back_adjusted(seen, factors)
        hidden = not terms.target_is_published
        return Disclosure(
            method=METHOD,
            product=product.id,
            issuer=product.issuer,
            underlying=product.underlying,
            quote=product.quote,
            as_of=instant_of(one.at),
            price=_shown(one.price),
            source=live.mark.source,
            units=_shown(live.units),
            position=_shown(one.position),
            cash=_shown(one.cash),
            loan=_shown(max(-one.cash, ZERO)),
            nav=_shown(one.nav),
            net_assets=_shown(one.nav * live.units),
            leverage=_shown_if(one.leverage),
            target=None if hidden else terms.target,
            rebalances_at_or_below=low,
            rebalances_at_or_above=high,
            nothing_left_at=ruin,
            next_scheduled_at=_next_scheduled(product, live.mark.at),
            halts=tuple(sorted(halts(live, terms))),
            rebalancing=None if live.proposal is None else live.proposal.kind,
            rebalances=tuple(_rebalance_lines(live, steps, rebalances, changes)),
            charges=tuple(_charge_lines(live, steps)),
            navs=tuple(
                NavLine(instant_of(at), _shown(nav), _shown(later))
                for (at, nav), (_, later) in zip(seen, adjusted, strict=True)
            ),
            adjustments=tuple(AdjustmentLine(instant_of(one.until), one.factor) for one in factors),
            changes=tuple(ChangeLine(instant_of(at), one.old, one.new) for at, one in changes),
            rules=_public_rules(terms),
            sources=product.sources,
            conflicts=product.conflicts,
            assumptions=product.assumptions,
        )


def tables(document: Disclosure) -> Mapping[str, bytes]:
    """The document's figures as CSV (UTF-8, RFC 4180), by name; an empty cell is unknown, not zero.

    They hold numbers, instants and words of this module alone, so no cell can be a formula.
    """
    figures = [
        (field.name, getattr(document, field.name)) for field in fields(document) if field.name in _FIGURES
    ]
    return {
        "figures": _csv(("figure", "value"), figures),
        "rebalances": _table(RebalanceLine, document.rebalances),
        "charges": _table(ChargeLine, document.charges),
        "navs": _table(NavLine, document.navs),
        "adjustments": _table(AdjustmentLine, document.adjustments),
        "changes": _table(ChangeLine, document.changes),
    }


_FIGURES = frozenset(
    {
        "as_of",
        "price",
        "units",
        "position",
        "cash",
        "loan",
        "nav",
        "net_assets",
        "leverage",
        "target",
        "rebalances_at_or_below",
        "rebalances_at_or_above",
        "nothing_left_at",
        "next_scheduled_at",
    }
)


def _shown(number: Decimal) -> Decimal:
    return rounded(number, PLACES)


def _shown_if(number: Decimal | None) -> Decimal | None:
    return None if number is None else rounded(number, PLACES)


def _bounds(live: LiveProduct, terms: Terms) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Prices at which the trigger fires, below and above, and at which nothing is left."""
    held = live.actual or live.model
    state = State(held.position, held.cash, held.reference, held.batches)
    if live.ruined or held.position == 0:
        return None, None, None
    ends = ruin_bounds(state)
    limits = trigger_bounds(state, limits_of(terms))
    deviates = terms.trigger.over_target is not None or terms.trigger.under_target is not None
    shows = terms.target_is_published or not deviates
    return (
        _shown_if(limits.low or None) if shows else None,
        _shown_if(limits.high or None) if shows else None,
        _shown_if(max(ends) or None),
    )


def _next_scheduled(product: Product, after: int) -> datetime | None:
    """The next instant of any schedule, by the rules that will hold then."""
    found = [
        instant
        for terms, start, end in eras(product)
        for schedule in terms.schedules
        for instant in instants(
            schedule.at, max(after, start - 1), min(max(after, start) + 3 * _DAY, end - 1)
        )
    ]
    return instant_of(min(found)) if found else None


def _rebalance_lines(
    live: LiveProduct,
    steps: Sequence[Step],
    rebalances: Sequence[Rebalance],
    changes: Sequence[tuple[int, UnitChange]],
) -> Iterable[RebalanceLine]:
    if live.actual is None:
        kinds = (EventKind.SCHEDULED, EventKind.TRIGGERED)
        for step in steps:
            if step.event.kind in kinds:
                yield _event_line(step.event, live.factor)
        return
    factors = adjustments(changes)
    for one in rebalances:
        ((_, factor),) = back_adjusted([(one.proposal.at, 1 / one.proposal.units)], factors)
        yield RebalanceLine(
            at=instant_of(one.closed_at),
            kind=one.proposal.kind,
            price=_shown_if(one.average_price),
            leverage_before=_shown_if(one.proposal.leverage_before),
            leverage_after=_shown_if(one.leverage),
            quantity=_shown(one.quantity * factor),
            cost=_shown(one.cost * factor),
        )


def _event_line(event: Event, factor: Decimal) -> RebalanceLine:
    return RebalanceLine(
        at=instant_of(event.at),
        kind=event.kind,
        price=_shown(event.price),
        leverage_before=_shown_if(event.leverage_before),
        leverage_after=_shown_if(event.leverage),
        quantity=_shown(event.trade * factor),
        cost=_shown(event.costs * factor),
    )


def _charge_lines(live: LiveProduct, steps: Sequence[Step]) -> Iterable[ChargeLine]:
    for event in (step.event for step in steps):
        if event.fees != 0 or event.financing != 0:
            yield ChargeLine(
                at=instant_of(event.at),
                nav_before=_shown(event.nav_before * live.factor),
                fees=_shown(event.fees * live.factor),
                financing=_shown(event.financing * live.factor),
            )


def _public_rules(terms: Terms) -> Mapping[str, Any]:
    """The rules in force without what the issuer keeps to itself."""
    if terms.target_is_published:
        return dict(encode(terms))
    trigger = replace(terms.trigger, over_target=None, under_target=None)
    rules = dict(encode(replace(terms, trigger=trigger)))
    del rules["target"]
    return rules


def _table(cls: type[Any], lines: Sequence[Any]) -> bytes:
    names = [field.name for field in fields(cls)]
    return _csv(names, ([getattr(line, name) for name in names] for line in lines))


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return to_text(value)
    return instant_text(value) if isinstance(value, datetime) else str(value)

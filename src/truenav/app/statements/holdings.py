"""The statement for one investor: own units and what they are worth, and nothing of the book behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from truenav.app.statements.charts import Point
from truenav.app.statements.document import (
    Data,
    Desk,
    coverage,
    glyph_note,
    head,
    history,
    largest_class,
    proof,
    sentence,
    signatures,
    timeline,
)
from truenav.app.statements.figures import number, per_unit, quantity
from truenav.calc.nav.context import signed
from truenav.calc.nav.model import NavInputs, Quality
from truenav.core.facts import Dealing
from truenav.core.failure import NotFoundError
from truenav.core.ids import ShareClassId
from truenav.core.money import ONE, ZERO, exact


class NoHoldingError(NotFoundError):
    """The investor holds no units of the fund at that instant, or the caller may not know."""

    code = "no-holding"


@dataclass(frozen=True, slots=True)
class Holding:
    """Units of one class, what one is worth and what all are, in the class's currency and in USD.

    None: the NAV per unit is unknown, and so is the value.
    """

    share_class: ShareClassId
    currency: str
    units: Decimal
    per_unit: Decimal | None
    value: Decimal | None
    value_usd: Decimal | None


def units_of(inputs: NavInputs, investor: str) -> Mapping[ShareClassId, Decimal]:
    """Units that an investor holds of each class of the fund at ``as_of``: dealings in less dealings out."""
    held: dict[ShareClassId, Decimal] = {}
    with exact():
        for fact in inputs.facts:
            body = fact.body
            if not isinstance(body, Dealing) or fact.occurred_at > inputs.as_of:
                continue
            if (body.fund, body.investor) == (inputs.fund, investor):
                held[body.share_class] = held.get(body.share_class, ZERO) + signed(body, body.units)
    return {share_class: units for share_class, units in held.items() if units}


def holdings_of(desk: Desk, investor: str) -> tuple[Holding, ...]:
    """What an investor holds, in the order of the classes; ``NoHoldingError`` where it is nothing."""
    units = units_of(desk.subject.inputs, investor)
    found = []
    with exact():
        for one in desk.subject.result.root.classes:
            if (held := units.get(one.share_class)) is None:
                continue
            price, price_usd = one.nav_per_unit_currency, one.nav_per_unit_usd
            found.append(
                Holding(
                    share_class=one.share_class,
                    currency=one.currency,
                    units=held,
                    per_unit=price,
                    value=None if price is None else held * price,
                    value_usd=None if price_usd is None else held * price_usd,
                )
            )
    if not found:
        raise NoHoldingError(
            f"{investor[:60]!r} holds no units of {desk.subject.result.fund!r} at this NAV. Check the "
            "investor's name against the dealings."
        )
    return tuple(found)


def investor_document(desk: Desk, investor: str) -> Data:
    """An investor's own units, NAV per unit and value; quality, people and proof of the NAV."""
    held = holdings_of(desk, investor)
    known = [one.value_usd for one in held if one.value_usd is not None]
    with exact():
        total = sum(known, ZERO) if known else None
    chosen = largest_class(desk.subject, (one.share_class for one in held))
    return {
        **head(desk),
        "audience": "investor",
        "investor": desk.printer.text(investor),
        "hero": {"label": "your-value", "amount": number(total), "unit": "USD"},
        "holdings": [_row(desk, one) for one in held],
        "total_usd": number(total),
        "left_out": len(held) - len(known),
        "coverage": coverage(desk.subject.result.coverage),
        "history": None if chosen is None else _history(desk, chosen),
        "signatures": signatures(desk),
        "proof": {**proof(desk), "command": None},
        "notes": _notes(desk, len(held) - len(known)),
    }


def _row(desk: Desk, one: Holding) -> Data:
    return {
        "name": desk.share_class(one.share_class),
        "currency": desk.symbol(one.currency),
        "units": quantity(one.units),
        "per_unit": per_unit(one.per_unit),
        "value": number(one.value),
        "value_usd": number(one.value_usd),
    }


def _history(desk: Desk, share_class: str) -> Data:
    points = [
        Point(one.as_of, value, value)
        for one in timeline(desk.subject)
        if (value := one.per_unit.get(share_class)) is not None
    ]
    return history(desk, points, title="history-unit", unit=ONE, share_class=share_class)


def _notes(desk: Desk, left_out: int) -> list[Data]:
    notes = [sentence("note-rounding")]
    if left_out:
        notes.append(sentence("note-left-out", str(left_out)))
    if desk.subject.result.quality is not Quality.COMPLETE:
        notes.append(sentence("note-provisional"))
    if (glyphs := glyph_note(desk.printer)) is not None:
        notes.append(glyphs)
    return notes

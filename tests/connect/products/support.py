"""Small hand-made marks, and products of the ready rule files run over them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.simulate import simulate
from truenav.connect.products.rules import read_family

D = Decimal


def product(family, id):
    (found,) = (one for one in read_family(family) if one.id == id)
    return found


def at(text):
    return microseconds(datetime.fromisoformat(text))


def run(family, id, *marks, nav="100", rates=()):
    """A product issued at the first of ``marks`` (a time such as ``2024-01-01T12:00Z`` and a price)."""
    times, prices = zip(*((at(time), D(str(price))) for time, price in marks), strict=True)
    history = History(times, prices, rates=[(at(time), D(rate)) for time, rate in rates])
    return simulate(product(family, id), history, nav=D(nav))


def kinds(result):
    return [event.kind.value for event in result.events]

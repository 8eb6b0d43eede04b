"""An execution as a venue tells it, and as a product books it."""

from __future__ import annotations

from truenav.calc.etp.engine.calendar import microseconds
from truenav.calc.etp.live.state import Fill
from truenav.core.instrument import Instrument
from truenav.core.money import ZERO, Amount, exact
from truenav.core.orders import OrderFill, Side


def fill_of(id: str, side: Side, told: OrderFill, instrument: Instrument) -> tuple[Fill, tuple[Amount, ...]]:
    """Underlying bought (sold is negative) with the fee in the quote asset, and the fees in other assets.

    ``told`` counts contracts of the instrument.
    """
    fee = told.fee
    in_quote = fee is not None and fee.asset == instrument.quote
    with exact():
        quantity = side.sign * told.quantity * instrument.multiplier
    paid = fee.number if fee is not None and in_quote else ZERO
    others = () if fee is None or in_quote else (fee,)
    return Fill(id, microseconds(told.at), quantity, told.price, paid), others

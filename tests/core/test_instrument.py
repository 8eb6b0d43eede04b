"""The instrument master: terms by id, nothing guessed."""

from decimal import Decimal

import pytest

from truenav.core.asset import BTC, USDT
from truenav.core.instrument import (
    Instrument,
    InstrumentBook,
    InstrumentKind,
    UnknownInstrumentError,
    instrument_id,
)


def test_terms_are_found_by_id_and_never_guessed() -> None:
    name = instrument_id("okx", "BTC-USDT-SWAP")
    perpetual = Instrument(
        name, "okx", "BTC-USDT-SWAP", InstrumentKind.PERPETUAL, BTC, USDT, USDT, Decimal("0.01")
    )
    book = InstrumentBook([perpetual])
    assert book.get(name) is perpetual
    with pytest.raises(UnknownInstrumentError, match="sync"):
        book.get(instrument_id("okx", "BTC-USD-SWAP"))

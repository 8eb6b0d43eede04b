"""The instrument master: terms by id and time, nothing guessed, nothing forgotten."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.core.asset import BTC, ETH, USDT
from truenav.core.instrument import (
    Instrument,
    InstrumentBook,
    InstrumentKind,
    UnknownInstrumentError,
    instrument_id,
)

NAME = instrument_id("okx", "BTC-USDT-SWAP")
PERPETUAL = Instrument(
    NAME, "okx", "BTC-USDT-SWAP", InstrumentKind.PERPETUAL, BTC, USDT, USDT, Decimal("0.01")
)
SPLIT = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SMALLER = replace(PERPETUAL, multiplier=Decimal("0.001"))


def test_terms_are_found_by_id_and_never_guessed():
    book = InstrumentBook([PERPETUAL])
    assert book.get(NAME) is PERPETUAL
    assert book.get(NAME, SPLIT) is PERPETUAL
    with pytest.raises(UnknownInstrumentError, match="sync"):
        book.get(instrument_id("okx", "BTC-USD-SWAP"))


def test_another_contract_under_a_known_name_holds_from_when_it_was_seen():
    old, new = InstrumentBook([PERPETUAL]).changes([SMALLER], at=SPLIT)
    assert (old.multiplier, old.valid_to, new.multiplier, new.valid_from) == (
        PERPETUAL.multiplier,
        SPLIT,
        SMALLER.multiplier,
        SPLIT,
    )
    book = InstrumentBook([new, old])
    assert book.versions == (old, new)
    assert book.get(NAME) == book.get(NAME, SPLIT) == new
    assert book.get(NAME, SPLIT - SECOND) == old
    assert book.changes([SMALLER], at=SPLIT + SECOND) == ()


def test_before_the_first_known_terms_the_first_are_taken():
    old, new = replace(PERPETUAL, valid_from=SPLIT), replace(SMALLER, valid_from=SPLIT + SECOND)
    assert InstrumentBook([old, new]).get(NAME, SPLIT - SECOND) == old


def test_what_a_ticker_means_is_corrected_for_the_past_too():
    old, new = InstrumentBook([PERPETUAL]).changes([SMALLER], at=SPLIT)
    book = InstrumentBook([old, new])
    (mended,) = book.changes([replace(SMALLER, base=ETH)], at=SPLIT + SECOND)
    assert mended == replace(new, base=ETH)
    assert book.with_newest([replace(SMALLER, base=ETH)]).versions == (old, mended)


def test_what_is_not_listed_any_more_stays():
    assert InstrumentBook([PERPETUAL]).changes([], at=SPLIT) == ()
    assert InstrumentBook([PERPETUAL]).with_newest([]).versions == (PERPETUAL,)

"""What readers of all venues share: terms of contracts that are listed no more."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

from truenav.connect.contract import ParseContext
from truenav.connect.reading import Reading
from truenav.core.asset import BTC, USD, AssetBook
from truenav.core.contracts import DatedName
from truenav.core.evidence import Evidence, Request
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, instrument_id

T0 = datetime(2026, 1, 1, tzinfo=UTC)
LISTED = Instrument(
    id=instrument_id("okx", "BTC-USD-260626"),
    venue="okx",
    code="BTC-USD-260626",
    kind=InstrumentKind.FUTURE,
    base=BTC,
    quote=USD,
    settle=BTC,
    multiplier=Decimal(100),
    inverse=True,
    expiry_at=datetime(2026, 6, 26, 8, tzinfo=UTC),
)
NAME = instrument_id("okx", "BTC-USD-251226")
DATED = DatedName("BTC-USD", date(2025, 12, 26))


def reading(*listed):
    evidence = Evidence(
        "0" * 64, 0, "okx", "1", "fills/1", "a", Request("GET", "https://okx.test"), T0, T0, 200
    )
    return Reading(evidence, ParseContext(AssetBook((), ()), InstrumentBook(listed)))


def test_an_expired_contract_has_its_familys_terms_and_its_names_day():
    read = reading(LISTED)
    terms = read.expired(NAME, DATED, [LISTED])
    expiry_at = datetime(2025, 12, 26, 8, tzinfo=UTC)
    assert terms == replace(LISTED, id=NAME, code="BTC-USD-251226", expiry_at=expiry_at)
    assert read.instruments == [terms]
    assert read.terms(NAME) is terms


def test_how_long_a_sibling_holds_says_nothing_of_an_expired_contract():
    dated = replace(LISTED, valid_from=T0, valid_to=datetime(2026, 3, 1, tzinfo=UTC))
    terms = reading(dated).expired(NAME, DATED, [dated])
    assert (terms.valid_from, terms.valid_to) == (None, None)


def test_a_contract_without_family_stays_unknown():
    read = reading()
    assert read.expired(NAME, DATED, []) is None
    assert read.terms(NAME) is None
    assert read.instruments == []

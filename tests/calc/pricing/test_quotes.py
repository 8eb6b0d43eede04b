"""The latest quote of a source, pair and kind, whatever the order of the facts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.calc.pricing.quotes import MarkOrigin, QuoteBook, Quoted, weakest
from truenav.core.asset import BTC, USD
from truenav.core.facts import Fact, Quote, QuoteKind, Void
from truenav.core.ids import Sha256

AT = datetime(2026, 1, 31, tzinfo=UTC)
LAST = QuoteKind.LAST
ZEROS = Sha256("0" * 64)


def fact(price: str, at: datetime, external_id: str = "1", source: str = "okx") -> Fact:
    return Fact(source, "", external_id, at, Quote(BTC, USD, LAST, Decimal(price)), ZEROS)


def price(book: QuoteBook, at: datetime) -> Decimal | None:
    quoted = book.latest("okx", BTC, USD, LAST, at)
    return quoted.price if quoted else None


def test_one_book_answers_for_every_instant() -> None:
    book = QuoteBook([fact("2", AT), fact("1", AT - timedelta(days=1))])
    assert price(book, AT - timedelta(days=2)) is None
    assert price(book, AT - timedelta(microseconds=1)) == 1
    assert price(book, AT) == 2
    assert price(book, AT + timedelta(days=9)) == 2


def test_a_tie_in_time_is_decided_by_the_external_id() -> None:
    first, second = fact("9", AT, "1"), fact("8", AT, "2")
    assert price(QuoteBook([first, second]), AT) == price(QuoteBook([second, first]), AT) == 8


def test_another_source_kind_or_fact_is_not_taken() -> None:
    void = Fact("okx", "", "1", AT, Void("mistake"), ZEROS)
    book = QuoteBook([void, fact("1", AT, source="binance")])
    assert price(book, AT) is None
    assert book.latest("binance", BTC, USD, QuoteKind.MARK, AT) is None


def test_the_origin_is_read_from_source_and_kind() -> None:
    def origin(source: str, kind: QuoteKind = LAST) -> MarkOrigin:
        return Quoted(source, kind, Decimal(1), None, AT, ZEROS).origin

    assert origin("okx") is MarkOrigin.API
    assert origin("file:prices") is MarkOrigin.IMPORTED
    assert origin("manual", QuoteKind.MANUAL) is MarkOrigin.MANUAL
    assert weakest(MarkOrigin.API, MarkOrigin.INDEX) is MarkOrigin.API
    assert weakest(MarkOrigin.INDEX, MarkOrigin.IMPORTED, MarkOrigin.MANUAL) is MarkOrigin.MANUAL

"""The board keeps the latest live quote of each thing, and says when something is news."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.app.marks.board import MarkBoard, MarkBoards
from truenav.app.marks.follower import FASTEST_SECONDS, SLOWEST_SECONDS, SPARING, pause_after
from truenav.calc.pricing.quotes import quote_key
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import Sha256, TenantId
from truenav.core.money import AssetId

T0 = datetime(2026, 1, 1, tzinfo=UTC)
KEY = ("binance", "btc", "usdt", QuoteKind.LAST)


def quote(price: str, at: datetime = T0) -> Fact:
    body = Quote(AssetId("btc"), AssetId("usdt"), QuoteKind.LAST, Decimal(price))
    return Fact("binance", "", f"binance:BTCUSDT:last@{at}", at, body, Sha256("0" * 64))


def prices(board: MarkBoard) -> list[Decimal]:
    return [fact.body.price for fact in board.latest({KEY}).quotes]


def test_a_newer_quote_takes_the_place_of_the_older_and_never_the_other_way() -> None:
    board = MarkBoard()
    assert board.take([quote("2", T0 + timedelta(seconds=2))], at=T0 + timedelta(seconds=3))
    assert not board.take([quote("1", T0 + timedelta(seconds=1))], at=T0 + timedelta(seconds=3))
    assert prices(board) == [Decimal(2)]


def test_the_same_price_again_is_no_news() -> None:
    board = MarkBoard()
    board.take([quote("2")], at=T0)
    before = board.stamp
    later = T0 + timedelta(seconds=1)
    assert not board.take([quote("2", later)], at=later)
    assert board.stamp == before
    assert board.latest({KEY}).quotes[0].occurred_at == later


def test_a_venue_whose_clock_runs_ahead_does_not_quote_from_the_future() -> None:
    board = MarkBoard()
    board.take([quote("2", T0 + timedelta(seconds=9))], at=T0)
    assert board.latest({KEY}).quotes[0].occurred_at == T0


def test_what_is_not_wanted_is_not_given() -> None:
    board = MarkBoard()
    board.take([quote("2")], at=T0)
    assert quote_key(quote("2")) == KEY
    assert board.latest(set()).quotes == ()


def test_streams_that_stand_or_break_are_news_once() -> None:
    board = MarkBoard()
    assert board.stand(T0)
    assert not board.stand(T0)
    assert board.stand(None)
    board.take([quote("2")], at=T0)
    board.forget()
    assert board.latest({KEY}).quotes == ()


def test_each_tenant_has_a_board_of_its_own() -> None:
    boards = MarkBoards()
    boards.of(TenantId("alpha")).take([quote("2")], at=T0)
    assert prices(boards.of(TenantId("beta"))) == []
    assert prices(boards.of(TenantId("alpha"))) == [Decimal(2)]


def test_many_pages_or_a_slow_valuation_make_valuations_rarer() -> None:
    assert pause_after(0.01, streams=1) == FASTEST_SECONDS
    assert pause_after(0.01, streams=50) == 0.5
    assert pause_after(0.01, streams=200) == SLOWEST_SECONDS
    assert pause_after(2.0, streams=1) == SPARING * 2.0

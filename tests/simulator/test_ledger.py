"""The books against figures worked out by hand, and the invariants of the fold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from truenav.simulator.books import Books
from truenav.simulator.contracts import Position, average_entry, realized_pnl, settlement_cash
from truenav.simulator.errors import ScenarioError
from truenav.simulator.ledger import Ledger
from truenav.simulator.market import Instrument, Kind, load_market
from truenav.simulator.scenario import load_scenario

from .conftest import SCENARIO

INCEPTION = datetime(2023, 12, 2, tzinfo=UTC)
MARKET = load_market(SCENARIO.parent / "market", timedelta(0))
HEAD = """
name = "t"
market = "{market}"
inception = "2023-12-02T00:00:00Z"
live_after = "9d"
[venues.binance]
dialect = "binance"
[venues.okx]
dialect = "okx"
[[accounts]]
id = "a"
venue = "{venue}"
events = [
{events}
]
"""


def ledger(tmp_path: Path, venue: str, *events: str) -> Ledger:
    lines = ",\n".join(f"{{ {event} }}" for event in events)
    path = tmp_path / "scenario.toml"
    text = HEAD.format(market=SCENARIO.parent / "market", venue=venue, events=lines)
    path.write_text(text, encoding="utf-8")
    return Ledger(load_scenario(path).accounts["a"], MARKET, INCEPTION)


def after(days: int, hours: int = 0, minutes: int = 0) -> datetime:
    return INCEPTION + timedelta(days=days, hours=hours, minutes=minutes)


def instrument(kind: Kind, settle: str = "USDT", **terms: object) -> Instrument:
    base: dict[str, object] = {
        "venue": "okx",
        "key": "K",
        "id": "K",
        "kind": kind,
        "base": "BTC",
        "quote": "USD",
        "settle": settle,
        "contract_value": Decimal(1),
        "contract_multiplier": Decimal(1),
        "tick": Decimal("0.1"),
        "lot": Decimal(1),
        "expires_at": None,
        "strike": None,
        "right": "",
    }
    return Instrument(**(base | terms))  # type: ignore[arg-type]


def position(item: Instrument, size: str, entry: str) -> Position:
    return Position(item, Decimal(size), Decimal(entry), INCEPTION, INCEPTION)


def test_a_spot_purchase_takes_its_fee_from_the_coins_received(tmp_path: Path) -> None:
    books = ledger(
        tmp_path,
        "binance",
        'at = "+0d01:00", deposit = "100000 USDT"',
        'at = "+0d02:00", buy = "1.5", instrument = "BTC-USDT", price = "40000.01", fee_rate = "0.001"',
    ).at(after(1))
    assert books.balance("spot", "BTC") == Decimal("1.4985")
    assert books.balance("spot", "USDT") == Decimal("39999.985")


def test_okx_takes_the_cost_of_a_spot_trade_exactly(tmp_path: Path) -> None:
    books = ledger(
        tmp_path,
        "okx",
        'at = "+0d01:00", deposit = "100000 USDT"',
        'at = "+0d01:01", transfer = "100000 USDT", from = "funding", to = "trading"',
        'at = "+0d02:00", buy = "0.00000001", instrument = "BTC-USDT", price = "40000.3", fee_rate = "0"',
    ).at(after(1))
    assert books.balance("trading", "USDT") == 100_000 - Decimal("0.000400003")


def test_funding_of_a_linear_short_is_received_when_the_rate_is_positive(tmp_path: Path) -> None:
    books = ledger(
        tmp_path,
        "binance",
        'at = "+0d01:00", deposit = "100000 USDT"',
        'at = "+0d01:01", transfer = "100000 USDT", from = "spot", to = "usdm"',
        'at = "+0d02:00", sell = "2", instrument = "BTC-USDT-SWAP", price = "38700", fee_rate = "0"',
    ).at(after(0, 8))
    rate = MARKET.funding_rate("binance", "BTC-USDT-SWAP", after(0, 8))
    assert rate is not None
    mark = MARKET.price("binance", "BTC-USDT-SWAP", after(0, 8))
    assert [entry.cause for entry in books.entries][-1] == "funding"
    assert books.entries[-1].amount == round(2 * mark * rate.number, 8)
    assert books.balance("usdm", "USDT") == 100_000 + books.entries[-1].amount


def test_funding_of_an_inverse_long_is_paid_in_coin(tmp_path: Path) -> None:
    books = ledger(
        tmp_path,
        "okx",
        'at = "+0d01:00", deposit = "3 BTC"',
        'at = "+0d01:01", transfer = "3 BTC", from = "funding", to = "trading"',
        'at = "+0d02:00", buy = "500", instrument = "BTC-USD-SWAP", fee_rate = "0"',
    ).at(after(0, 8))
    rate = MARKET.funding_rate("okx", "BTC-USD-SWAP", after(0, 8))
    assert rate is not None
    mark = MARKET.price("okx", "BTC-USD-SWAP", after(0, 8))
    expected = round(-(Decimal(500 * 100) / mark) * rate.number, 8)
    assert books.entries[-1].amount == expected
    assert expected < 0


def test_an_inverse_entry_is_the_harmonic_mean_and_its_profit_is_in_coin() -> None:
    item = instrument("swap", settle="BTC", contract_value=Decimal(100))
    long = position(item, "100", "40000")
    assert average_entry(long, Decimal(100), Decimal(60000)) == Decimal("48000.00000000")
    # 100 contracts of 100 USD from 40000 to 50000: 10000 * (1/40000 - 1/50000) = 0.05 BTC
    assert realized_pnl(long, Decimal(-150), Decimal(50000)) == Decimal("0.05")


def test_a_short_through_zero_opens_anew_at_the_price_of_the_fill(tmp_path: Path) -> None:
    books = ledger(
        tmp_path,
        "binance",
        'at = "+0d01:00", deposit = "100000 USDT"',
        'at = "+0d01:01", transfer = "100000 USDT", from = "spot", to = "usdm"',
        'at = "+0d02:00", sell = "2", instrument = "BTC-USDT-SWAP", price = "40000", fee_rate = "0"',
        'at = "+0d02:01", buy = "3", instrument = "BTC-USDT-SWAP", price = "39000", fee_rate = "0"',
    ).at(after(0, 3))
    held = books.positions["BTC-USDT-SWAP"]
    assert (held.size, held.entry) == (Decimal(1), Decimal(39000))
    assert books.balance("usdm", "USDT") == Decimal(102_000)


def test_an_option_in_the_money_settles_in_coin_at_the_index_and_one_out_of_it_for_nothing() -> None:
    terms = {"contract_multiplier": Decimal("0.01"), "strike": Decimal(40000)}
    call = position(instrument("option", "BTC", right="C", **terms), "100", "0.02")
    put = position(instrument("option", "BTC", right="P", **terms), "-100", "0.02")
    # 1 BTC covered, index 50000: (50000 - 40000) / 50000 = 0.2 BTC
    assert settlement_cash(call, Decimal(50000)) == Decimal("0.2")
    assert settlement_cash(put, Decimal(50000)) == 0
    assert settlement_cash(put, Decimal(32000)) == Decimal("-0.25")


def test_options_expire_at_eight_and_leave_no_position(tmp_path: Path) -> None:
    book = ledger(
        tmp_path,
        "okx",
        'at = "+0d01:00", deposit = "3 BTC"',
        'at = "+0d01:01", transfer = "3 BTC", from = "funding", to = "trading"',
        'at = "+1d00:00", buy = "100", instrument = "BTC-USD-231208-40000-C", fee_rate = "0"',
    )
    assert "BTC-USD-231208-40000-C" in book.at(after(6, 7, 59)).positions
    books = book.at(after(6, 8))
    assert books.positions == {}
    index = MARKET.price("okx", "BTC-USDT", after(6, 8))
    assert books.entries[-1].cause == "settlement"
    assert books.entries[-1].amount == round((index - 40000) / index, 8)


def test_an_account_cannot_spend_what_it_does_not_have(tmp_path: Path) -> None:
    poor = ledger(
        tmp_path,
        "binance",
        'at = "+0d01:00", deposit = "100 USDT"',
        'at = "+0d02:00", buy = "1", instrument = "BTC-USDT", price = "40000"',
    )
    with pytest.raises(ScenarioError, match=r"spot wallet would hold .* USDT"):
        poor.at(after(1))


def demo_ledger(account: str) -> Ledger:
    plan = load_scenario(SCENARIO).accounts[account]
    return Ledger(plan, MARKET, INCEPTION)


def summary(books: Books) -> tuple[object, ...]:
    return (dict(books.balances), dict(books.positions), list(books.entries), list(books.fills))


@pytest.mark.parametrize("account", ["binance-market-making", "okx-options", "okx-arbitrage"])
def test_the_sum_of_all_entries_is_the_balance(account: str) -> None:
    books = demo_ledger(account).at(after(12))
    sums: dict[tuple[str, str], Decimal] = {}
    for entry in books.entries:
        key = (entry.wallet, entry.asset)
        sums[key] = sums.get(key, Decimal(0)) + entry.amount
        assert sums[key] == entry.balance
    assert sums == books.balances


@settings(max_examples=25, deadline=None)
@given(minutes=st.lists(st.integers(0, 14 * 24 * 60), min_size=1, max_size=6))
def test_books_do_not_depend_on_how_often_and_in_what_order_one_looked(minutes: list[int]) -> None:
    looked_at, fresh = demo_ledger("okx-options"), demo_ledger("okx-options")
    for minute in minutes:
        books = looked_at.at(INCEPTION + timedelta(minutes=minute))
    assert summary(books) == summary(fresh.at(INCEPTION + timedelta(minutes=minutes[-1])))


@given(
    sizes=st.lists(st.integers(-500, 500).filter(bool), min_size=1, max_size=8),
    price=st.decimals("100", "90000", places=2),
)
def test_opening_and_closing_at_one_price_realises_nothing(sizes: list[int], price: Decimal) -> None:
    for item in (instrument("swap"), instrument("swap", settle="BTC")):
        for size in sizes:
            held = position(item, str(size), str(price))
            assert realized_pnl(held, Decimal(-size), price) == 0
            assert average_entry(held, Decimal(size), price) == price

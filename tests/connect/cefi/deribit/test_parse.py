"""What Deribit's answers state: cash, open profit and premiums each counted once."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect.cefi.deribit.client import realised_by_trade
from truenav.connect.cefi.deribit.ledger import PROFITS
from truenav.connect.cefi.deribit.parse import session_entry
from truenav.connect.cefi.deribit.terms import is_combination
from truenav.connect.contract import ParseContext, Payload
from truenav.connect.document import Node
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import parse
from truenav.core.asset import BUILTIN_ALIASES, BUILTIN_ASSETS, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import (
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionSnapshot,
    QuoteKind,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.instrument import InstrumentBook, InstrumentKind, OptionRight
from truenav.core.money import exact

ROOT = Path(__file__).parents[4]
PAYLOADS = ROOT / "tests" / "payloads" / "deribit"
SAMPLES = ROOT.parent / "shared" / "data" / "exchange_api_samples"
NOON = datetime(2025, 11, 29, 12, tzinfo=UTC)
DUST = Decimal("2e-8")
ASSETS = AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES)
BARE = ParseContext(ASSETS, InstrumentBook(()))
sampled = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of other projects are not here")


def told(endpoint, body, context, **notes):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request("GET", "https://venue.test", tuple(notes.items()))
    made = Evidence(sha256_hex(body), len(body), "deribit", "1", endpoint, "a", request, NOON, NOON, 200)
    return parse(made, body, context)


def payload(endpoint, name, context=None):
    body, notes = (PAYLOADS / name).read_bytes(), {}
    if endpoint == "trades/1":
        log = (PAYLOADS / name.replace("user_trades", "transaction_log")).read_bytes()
        told_by_log = realised_by_trade([Payload(None, log)])
        notes = {PROFITS: ",".join(f"{trade}={number}" for trade, number in told_by_log.items())}
    return told(endpoint, body, MARKET if context is None else context, **notes)


MARKET = BARE.with_instruments(payload("instruments/1", "get_instruments.json", BARE).instruments)


def result(name):
    return json.loads((PAYLOADS / name).read_text(), parse_float=Decimal)["result"]


def value(terms, line, mark):
    """What a position is worth above its entry, in what it settles in."""
    contracts = line.quantity * terms.multiplier
    if terms.kind is InstrumentKind.OPTION:
        return contracts * mark
    if terms.inverse:
        return contracts * (1 / line.entry_price - 1 / mark)
    return contracts * (mark - line.entry_price)


def test_cash_and_positions_are_the_venues_equity_with_nothing_counted_twice():
    (balances,) = payload("account/1", "get_account_summaries.json").facts
    (positions,) = payload("positions/1", "get_positions.json").facts
    assert isinstance(balances.body, BalanceSnapshot)
    assert isinstance(positions.body, PositionSnapshot)
    marks = {
        f"deribit:{row['instrument_name']}": Decimal(row["mark_price"])
        for row in result("get_positions.json")
    }
    equity = defaultdict(Decimal, {line.asset: line.total for line in balances.body.lines})
    with exact():
        for line in positions.body.lines:
            terms = MARKET.instruments.get(line.instrument)
            equity[terms.settle] += value(terms, line, marks[line.instrument])
        for row in result("get_account_summaries.json")["summaries"]:
            asset = ASSETS.resolve("deribit", row["currency"], NOON)
            assert abs(equity[asset] - row["equity"]) <= DUST


def test_a_balance_is_settled_cash_and_what_the_session_realised():
    (balances,) = payload("account/1", "get_account_summaries.json").facts
    lines = {line.asset: line for line in balances.body.lines}
    btc, eth, usdc, usdt = result("get_account_summaries.json")["summaries"]
    assert [len(lines), usdt["balance"]] == [3, 0]
    bitcoin, ether, dollars = (
        lines[ASSETS.resolve("deribit", code, NOON)] for code in ("BTC", "ETH", "USDC")
    )
    assert bitcoin.total == btc["balance"] + Decimal("0.00386274")
    assert ether.total == eth["balance"] + Decimal("0.004")
    assert (dollars.total, dollars.locked) == (usdc["balance"], 290)


def test_positions_are_in_contracts_from_the_price_where_unsettled_profit_begins():
    (positions,) = payload("positions/1", "get_positions.json").facts
    lines = {line.instrument.partition(":")[2]: line for line in positions.body.lines}
    assert sorted(lines) == ["BTC-26DEC25-100000-C", "BTC-PERPETUAL", "ETH_USDC-PERPETUAL"]
    perpetual, option, linear = (
        lines[name] for name in ("BTC-PERPETUAL", "BTC-26DEC25-100000-C", "ETH_USDC-PERPETUAL")
    )
    assert perpetual.quantity == 8000
    assert abs(perpetual.entry_price - 50500) < Decimal("0.001")  # settled there, not bought there
    assert (option.quantity, option.entry_price, option.delta) == (3, Decimal("0.0125"), Decimal("0.41"))
    assert (linear.quantity, linear.entry_price) == (-1500, 3000)


@given(
    entry=st.integers(1, 10**9),
    mark=st.integers(1, 10**9),
    size=st.integers(1, 10**12),
    short=st.booleans(),
    inverse=st.booleans(),
)
def test_the_entry_of_a_session_gives_the_venues_profit_again(entry, mark, size, short, inverse):
    terms = MARKET.instruments.get("deribit:BTC-PERPETUAL" if inverse else "deribit:ETH_USDC-PERPETUAL")
    signed = Decimal(-size if short else size)
    with exact():
        begun, now = Decimal(entry) / 100, Decimal(mark) / 100
        profit = signed * (1 / begun - 1 / now) if inverse else signed * (now - begun)
        row = Node({"mark_price": str(now), "floating_profit_loss": f"{profit:.37f}"}, "$")
        assert abs(session_entry(terms, signed, row) - begun) < Decimal("1e-9")


def test_a_position_of_unknown_terms_leaves_all_unread():
    with pytest.raises(MalformedPayloadError, match="terms of BTC-PERPETUAL"):
        payload("positions/1", "get_positions.json", BARE)


def test_fills_have_contracts_fees_premiums_and_strategy_tags():
    facts = payload("trades/1", "get_user_trades.json").facts
    facts += payload("trades/1", "get_user_trades_usdc.json").facts
    trades = {fact.external_id: fact.body for fact in facts}
    assert all(isinstance(one, Trade) for one in trades.values())
    bought, sold, option = (trades[f"trade:BTC-{number}"] for number in (501, 502, 503))
    short, spot = trades["trade:ETH_USDC-601"], trades["trade:ETH_USDC-602"]
    assert len(trades) == 5  # the combination's own row states nothing, its legs do
    assert (bought.quantity, bought.price, bought.tag) == (10_000, 50_000, "basis")
    assert [fee.number for fee in bought.fees] == [Decimal("-0.001")]
    assert (sold.quantity, sold.realised.number) == (-2000, Decimal("0.00388274"))
    assert (option.quantity, option.cost.number, option.realised) == (3, Decimal("-0.0375"), None)
    assert option.tag == "vol"
    assert (short.quantity, short.cost, short.tag) == (-1500, None, None)
    assert (spot.quantity, spot.cost.number, spot.fees) == (Decimal("0.25"), -725, ())


def test_a_trade_whose_profit_the_log_does_not_tell_yet_states_nothing_and_holds_the_cursor():
    body = (PAYLOADS / "get_user_trades.json").read_bytes()
    parsed = told("trades/1", body, MARKET, **{PROFITS: "BTC-501=0"})
    assert [fact.external_id for fact in parsed.facts] == ["trade:BTC-501", "trade:BTC-503"]
    (problem,) = parsed.problems
    assert (problem.subject, problem.lost) == ("deribit:BTC-502", True)


@pytest.mark.parametrize(
    ("name", "several"),
    [
        ("BTC-FS-26DEC25_PERP", True),
        ("BTC-CS-26DEC25-70000_75000", True),
        ("BTC_USDC-STRG-26DEC25-1_2", True),
        ("BTC-26DEC25-100000-C", False),
        ("BTC-PERPETUAL", False),
        ("BTC_USDC", False),
    ],
)
def test_combinations_are_known_by_the_name_of_their_strategy(name, several):
    assert is_combination(name) is several


def moved(facts):
    sums = defaultdict(Decimal)
    with exact():
        for fact in facts:
            one = fact.body
            amounts = [getattr(one, name, None) for name in ("amount", "fee", "cost", "realised", "cash")]
            for amount in filter(None, (*amounts, *getattr(one, "fees", ()))):
                sums[amount.asset] += amount.number
            if isinstance(one, Trade) and MARKET.instruments.get(one.instrument).kind is InstrumentKind.SPOT:
                sums[MARKET.instruments.get(one.instrument).base] += one.quantity
    return sums


def test_trades_and_log_together_are_the_balance():
    facts = [
        fact
        for endpoint, name in (
            ("log/1", "get_transaction_log.json"),
            ("log/1", "get_transaction_log_usdc.json"),
            ("trades/1", "get_user_trades.json"),
            ("trades/1", "get_user_trades_usdc.json"),
        )
        for fact in payload(endpoint, name).facts
    ]
    btc, _, usdc, _ = result("get_account_summaries.json")["summaries"]
    sums = moved(facts)
    # 0.0004 was realised by trades before the log begins and is settled within it.
    assert sums[ASSETS.resolve("deribit", "BTC", NOON)] + Decimal("0.0004") == btc["balance"] + Decimal(
        "0.00388274"
    )
    assert sums[ASSETS.resolve("deribit", "USDC", NOON)] == usdc["balance"]


def test_the_log_states_movements_settlements_deliveries_and_fees():
    bodies = [fact.body for fact in payload("log/1", "get_transaction_log.json").facts]
    flows = {(one.kind, one.amount.number) for one in bodies if isinstance(one, CashFlow)}
    assert flows == {
        (CashKind.FUNDING, Decimal("-0.00012")),
        (CashKind.REALISED, Decimal("0.01980198")),
        (CashKind.FEE, Decimal("-0.0003")),
        (CashKind.REALISED, Decimal("0.00001")),
    }
    transfers = [
        (one.kind, one.amount.number, one.counterpart, one.txid, one.fee and one.fee.number)
        for one in bodies
        if isinstance(one, Transfer)
    ]
    external, internal = TransferKind.EXTERNAL, TransferKind.INTERNAL
    assert transfers == [
        (external, Decimal("-0.5"), "bc1q-cold", "77aa19", Decimal("-0.0005")),
        (external, Decimal("0.75"), "somebody", "", None),
        (internal, Decimal("-1.25"), "fund-options", "", None),
        (external, 10, "bc1q-fund-vault", "4f1d0c7a9b2e", None),
    ]
    delivered = {one.instrument: one for one in bodies if isinstance(one, Settlement)}
    option = delivered["deribit:BTC-28NOV25-45000-C"]
    future = delivered["deribit:BTC-28NOV25"]
    assert (option.quantity, option.price, option.cash.number) == (-2, 50600, Decimal("0.22134387"))
    assert (future.quantity, future.price, future.cash.number) == (3000, 50600, Decimal("-0.00117403"))


def test_a_kind_that_nobody_documented_is_taken_by_its_sign_and_told():
    parsed = payload("log/1", "get_transaction_log_usdc.json")
    kinds = {one.body.amount.number: one.body.kind for one in parsed.facts if isinstance(one.body, CashFlow)}
    assert kinds == {
        5: CashKind.REWARD,
        Decimal("-0.01"): CashKind.INTEREST,
        Decimal("1.23"): CashKind.REWARD,
    }
    assert [problem.subject for problem in parsed.problems] == ["hardship_grant"]


def test_a_balance_that_does_not_follow_from_the_one_before_is_told():
    body = json.loads((PAYLOADS / "get_transaction_log.json").read_text())
    missing = body["result"]["logs"].pop(3)
    parsed = told("log/1", body, MARKET)
    assert [problem.subject for problem in parsed.problems] == [f"BTC {missing['id'] + 1}"]
    assert not parsed.problems[0].lost


def test_terms_of_every_kind_and_of_what_is_listed_no_more():
    known = {one.code: one for one in MARKET.instruments.instruments.values()}
    assert "BTC-FS-26DEC25_PERP" not in known
    inverse, linear, spot = (known[name] for name in ("BTC-PERPETUAL", "ETH_USDC-PERPETUAL", "ETH_USDC"))
    assert (inverse.kind, inverse.inverse, inverse.multiplier) == (InstrumentKind.PERPETUAL, True, 10)
    assert (linear.inverse, linear.multiplier, linear.settle) == (False, Decimal("0.001"), linear.quote)
    assert (spot.kind, spot.multiplier) == (InstrumentKind.SPOT, 1)
    option, put = known["BTC-26DEC25-100000-C"], known["ETH_USDC-26DEC25-3000-P"]
    assert (option.strike, option.right, option.inverse) == (100_000, OptionRight.CALL, False)
    assert (option.settle, option.quote) == (inverse.base, inverse.quote)
    assert (put.settle, put.right, put.multiplier) == (linear.settle, OptionRight.PUT, Decimal("0.1"))
    expired = {one.code: one for one in payload("log/1", "get_transaction_log.json").instruments}
    assert expired["BTC-28NOV25-45000-C"].strike == 45_000
    assert expired["BTC-28NOV25"].expiry_at == datetime(2025, 11, 28, 8, tzinfo=UTC)
    assert expired["BTC-28NOV25"].inverse


@pytest.mark.parametrize(
    ("name", "strike"),
    [("ETH_USDC-3OCT25-0d55-C", "0.55"), ("ETH_USDC-31OCT25-3100-P", "3100")],
)
def test_an_expired_name_tells_its_strike(name, strike):
    row = result("get_user_trades.json")["trades"][2]
    row = {key: str(one) for key, one in row.items()} | {"instrument_name": name}
    (terms,) = told("trades/1", {"result": {"trades": [row]}}, MARKET).instruments
    assert (terms.strike, terms.settle) == (Decimal(strike), ASSETS.resolve("deribit", "USDC", NOON))


@pytest.mark.parametrize("name", ["BTC-31FEB25-1-C", "BTC-1XXX25", "SOL-3OCT25", "nonsense"])
def test_a_fill_in_a_market_that_nobody_knows_is_told_and_holds_the_cursor(name):
    row = {key: str(one) for key, one in result("get_user_trades.json")["trades"][0].items()}
    parsed = told("trades/1", {"result": {"trades": [row | {"instrument_name": name}]}}, MARKET)
    assert not parsed.facts
    assert parsed.problems[0].lost


def test_marks_of_contracts_and_last_prices_of_spot():
    summed = payload("book-summaries/1", "get_book_summaries.json").facts
    quotes = {fact.external_id.partition("@")[0]: fact.body for fact in summed}
    assert {name: (one.kind, one.price) for name, one in quotes.items()} == {
        "deribit:BTC-PERPETUAL:mark": (QuoteKind.MARK, 51200),
        "deribit:BTC-26DEC25-100000-C:mark": (QuoteKind.MARK, Decimal("0.0152")),
        "deribit:BTC-26DEC25-45000-P:mark": (QuoteKind.MARK, 0),
        "deribit:ETH_USDC:last": (QuoteKind.LAST, Decimal("2950.4")),
    }
    (live,) = payload("stream.ticker/1", "stream_ticker.json").facts
    assert (live.body.price, live.body.kind) == (Decimal("51203.44"), QuoteKind.MARK)


@pytest.mark.parametrize(
    "message",
    [
        {"jsonrpc": "2.0", "id": 1, "result": ["ticker.BTC-PERPETUAL.100ms"]},
        {"jsonrpc": "2.0", "id": 0, "result": {"version": "1.2.26"}},
        {"jsonrpc": "2.0", "method": "heartbeat", "params": {"type": "test_request"}},
    ],
)
def test_answers_and_heartbeats_state_nothing(message):
    assert told("stream.ticker/1", message, MARKET).facts == ()


def test_a_refused_subscription_and_a_foreign_channel_are_faults_of_the_stream():
    for message in (
        {"error": {"code": 13017, "message": "subscription_failed"}},
        {"method": "subscription", "params": {"channel": "book.X", "data": {}}},
    ):
        with pytest.raises(MalformedPayloadError):
            told("stream.ticker/1", message, MARKET)


def test_the_first_currency_to_be_liquidated_gives_the_margin_ratio():
    body = (PAYLOADS / "get_account_summaries.json").read_bytes()
    usdc = result("get_account_summaries.json")["summaries"][2]
    shown = read_margin_ratio("deribit", "account/1", body)
    assert shown == pytest.approx(usdc["maintenance_margin"] / usdc["margin_balance"])
    assert 0 < shown < 1
    spent = json.loads(body)
    spent["result"]["summaries"][2]["margin_balance"] = 0
    assert read_margin_ratio("deribit", "account/1", json.dumps(spent).encode()) == 1
    flat = {"result": {"summaries": [{"maintenance_margin": 0, "margin_balance": 1}]}}
    assert read_margin_ratio("deribit", "account/1", json.dumps(flat).encode()) is None


@sampled
def test_the_vendors_own_example_is_cash_open_profit_and_options():
    row = json.loads((SAMPLES / "deribit__http_get_account_summaries.json").read_text(), parse_float=Decimal)[
        "result"
    ]["summaries"][0]
    body = (SAMPLES / "deribit__http_get_account_summaries.json").read_bytes()
    (balances,) = told("account/1", body, BARE).facts
    cash = {line.asset: line.total for line in balances.body.lines}[ASSETS.resolve("deribit", "BTC", NOON)]
    assert abs(cash + row["futures_session_upl"] + row["options_value"] - row["equity"]) <= DUST


@sampled
def test_answers_that_others_recorded_are_understood():
    for name, endpoint in {
        "http_get_account_summaries_cross_margin": "account/1",
        "http_get_instruments": "instruments/1",
        "http_get_instruments_future_combo": "instruments/1",
        "http_get_instruments_option_combo": "instruments/1",
        "ws_ticker": "stream.ticker/1",
    }.items():
        body = (SAMPLES / f"deribit__{name}.json").read_bytes()
        parsed = told(endpoint, body, MARKET)
        assert bool(parsed.instruments) == name.endswith("instruments")
        assert bool(parsed.facts) == (endpoint != "instruments/1")

"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connect.conftest import ASSETS

from truenav.connect.contract import ParseContext
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import parse
from truenav.core.asset import BTC, ETH, USD, USDC
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import CashKind, QuoteKind, TransferKind
from truenav.core.instrument import InstrumentBook, InstrumentKind
from truenav.core.money import Amount

from .standin import PAYLOADS

T0 = datetime(2026, 11, 20, 9, tzinfo=UTC)
EMPTY = ParseContext(ASSETS, InstrumentBook(()))
SHARED = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static" / "coinbase"


def stated(endpoint, body, context=EMPTY):
    request = Request("GET", "https://venue.test")
    evidence = Evidence(sha256_hex(body), len(body), "coinbase", "1", endpoint, "a", request, T0, T0, 200)
    return parse(evidence, body, context)


KNOWN = EMPTY.with_instruments(stated("products/1", (PAYLOADS / "products.json").read_bytes()).instruments)


def read(endpoint, name, change=lambda document: None):
    document = json.loads((PAYLOADS / f"{name}.json").read_text())
    change(document)
    return stated(endpoint, json.dumps(document).encode(), KNOWN)


def bodies(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def test_terms_of_pairs_futures_and_perpetuals_and_nothing_of_unknown_assets():
    known = {one.code: one for one in KNOWN.instruments.instruments.values()}
    assert set(known) == {
        *("BTC-USD", "BTC-USDC", "ETH-USD", "USDC-USD"),
        *("BIT-25DEC26-CDE", "ETP-20DEC30-CDE", "BIT-30OCT26-CDE"),
    }
    dated = known["BIT-25DEC26-CDE"]
    assert (dated.kind, dated.multiplier, dated.settle) == (InstrumentKind.FUTURE, Decimal("0.01"), USD)
    assert dated.expiry_at == datetime(2026, 12, 25, 16, tzinfo=UTC)
    endless = known["ETP-20DEC30-CDE"]
    assert (endless.kind, endless.multiplier, endless.expiry_at) == (
        InstrumentKind.PERPETUAL,
        Decimal("0.1"),
        None,
    )


def test_prices_leave_out_what_shows_another_book_or_is_not_traded():
    quotes = {(one.body.kind, one.body.base): one.body for one in read("products/1", "products").facts}
    assert {key: one.price for key, one in quotes.items()} == {
        (QuoteKind.LAST, BTC): Decimal("61000.5"),
        (QuoteKind.LAST, ETH): Decimal(2500),
        (QuoteKind.MARK, "coinbase:BIT-25DEC26-CDE"): Decimal(61000),
        (QuoteKind.MARK, "coinbase:ETP-20DEC30-CDE"): Decimal(2500),
        (QuoteKind.INDEX, ETH): Decimal("2499.5"),
    }
    assert quotes[(QuoteKind.LAST, BTC)].volume == Decimal("5021.5")


def test_a_stream_states_tickers_of_known_markets_as_of_its_own_instant():
    last, mark = read("stream.ticker/1", "stream-ticker").facts
    assert (last.body.kind, last.body.price, last.body.volume) == (
        QuoteKind.LAST,
        Decimal("61001.25"),
        Decimal("5022.5"),
    )
    assert (mark.body.kind, mark.body.price) == (QuoteKind.MARK, Decimal(61010))
    assert last.occurred_at == datetime(2026, 11, 20, 9, 0, 1, 123456, tzinfo=UTC)
    assert not stated("stream.ticker/1", b'{"channel":"heartbeats","events":[]}').facts
    with pytest.raises(MalformedPayloadError, match="refuses the subscription"):
        stated("stream.ticker/1", b'{"type":"error","message":"too many"}')


def test_balances_of_accounts_and_of_what_is_staked():
    (spot,) = bodies(read("accounts/1", "accounts")).values()
    assert [(line.asset, line.total, line.locked) for line in spot.lines] == sorted(
        [
            (BTC, Decimal("0.3997"), Decimal("0.1")),
            (ETH, Decimal("0.901"), Decimal(0)),
            (USDC, Decimal("100.05"), Decimal(0)),
            (USD, Decimal("64621.8503"), Decimal(500)),
        ]
    )
    (earn,) = bodies(read("staked/1", "portfolio")).values()
    assert [(line.asset, line.total) for line in earn.lines] == [(ETH, Decimal("0.50000001"))]
    told = read("portfolio/1", "portfolio")
    assert not told.facts
    assert [one.subject for one in told.problems] == ["coinbase:BTC"]


def test_futures_count_the_days_profit_as_cash_and_the_open_one_from_where_it_counts():
    (balance,) = bodies(read("futures-balance/1", "futures-balance")).values()
    assert [(line.asset, line.total) for line in balance.lines] == [(USD, Decimal("4999.50"))]
    positions = read("futures-positions/1", "futures-positions")
    (snapshot,) = bodies(positions).values()
    bitcoin, ether = snapshot.lines
    assert (bitcoin.quantity, bitcoin.entry_price) == (Decimal(2), Decimal(60000))
    # Of 40 dollars that the short earned since 2600, the venue still counts 8 as open.
    assert (ether.quantity, ether.entry_price) == (Decimal(-4), Decimal(2520))
    body = (PAYLOADS / "futures-balance.json").read_bytes()
    assert read_margin_ratio("coinbase", "futures-balance/1", body) == Decimal("0.1")


def test_fills_of_pairs_and_futures_with_sizes_in_either_asset_and_a_rebate():
    found = bodies(read("fills/1", "fills"))
    bought = found["fill:trade-1"]
    assert (bought.quantity, bought.cost) == (Decimal("0.6"), Amount(Decimal("-36000.150"), USD))
    assert bought.fees == (Amount(Decimal("-72.0003"), USD),)
    in_quote = found["fill:trade-3"]
    assert (in_quote.quantity, in_quote.cost) == (Decimal("0.4"), Amount(Decimal(-1000), USD))
    assert found["fill:trade-2"].fees == (Amount(Decimal("0.7"), USD),)
    future = found["fill:trade-4"]
    assert (future.wallet, future.quantity, future.cost) == ("futures", Decimal(2), None)


def test_an_old_future_is_known_by_its_name_an_unknown_one_and_an_adjustment_hold_the_cursor():
    def old(document):
        document["fills"][0]["product_id"] = "BIT-26SEP25-CDE"
        document["fills"][1]["product_id"] = "XYZ-26SEP25-CDE"
        document["fills"][2]["trade_type"] = "REVERSAL"
        document["fills"][3]["product_id"] = "BTC-PERP-INTX"

    parsed = read("fills/1", "fills", old)
    (fact,) = parsed.facts
    (derived,) = parsed.instruments
    assert (fact.body.instrument, derived.multiplier) == ("coinbase:BIT-26SEP25-CDE", Decimal("0.01"))
    assert sorted((one.subject, one.lost) for one in parsed.problems) == [
        ("INTX", False),
        ("coinbase:XYZ-26SEP25-CDE", True),
        ("trade-2:REVERSAL:entry-2", True),
    ]


def test_the_ledger_states_what_the_fills_do_not():
    found = bodies(read("transactions/1", "transactions"))
    assert not {"tx:9", "tx:10", "tx:11", "tx:12", "tx:21", "tx:22"} & {
        one.replace("tx-", "") for one in found
    }
    out = found["tx:tx-13"]
    assert (out.amount, out.fee) == (Amount(Decimal("-0.1000"), BTC), Amount(Decimal("-0.0003"), BTC))
    assert (out.kind, out.counterpart, out.txid) == (TransferKind.EXTERNAL, "bc1qvault", "aa01")
    came = found["tx:tx-5"]
    assert (came.amount, came.fee, came.txid) == (Amount(Decimal(1), ETH), None, "bb02")
    assert found["tx:tx-18"].kind is TransferKind.INTERNAL
    assert found["tx:tx-18"].counterpart == "acc-other-portfolio"
    assert found["tx:tx-17:earn"].amount == Amount(Decimal("0.5"), ETH)
    assert found["tx:tx-16:futures"].amount == Amount(Decimal(5000), USD)
    kinds = {name: one.kind for name, one in found.items() if isinstance(one.kind, CashKind)}
    assert kinds == {
        "tx:tx-14": CashKind.REALISED,
        "tx:tx-15": CashKind.REALISED,
        "tx:tx-19": CashKind.REWARD,
        "tx:tx-20": CashKind.INTEREST,
    }


def test_a_purchase_by_card_is_a_deposit_one_by_a_wallet_a_conversion_and_an_unknown_kind_is_told():
    def change(document):
        rows = document["data"] = document["data"][2:5]
        rows[0].update(type="buy", buy={"id": "b", "payment_method_name": "Visa debit ******1234"})
        rows[1].update(type="buy", buy={"id": "b", "payment_method_name": "USD Wallet"})
        rows[2].update(type="something_new")

    parsed = read("transactions/1", "transactions", change)
    card, wallet, unknown = (fact.body for fact in parsed.facts)
    assert (card.kind, wallet.kind, unknown.kind) == (TransferKind.EXTERNAL, CashKind.REALISED, CashKind.FEE)
    assert [one.subject for one in parsed.problems] == ["something_new"]


@pytest.mark.parametrize(
    ("endpoint", "name", "change"),
    [
        ("fills/1", "fills", lambda one: one["fills"][0].update(side="HOLD")),
        ("fills/1", "fills", lambda one: one["fills"][0].update(price="0")),
        ("accounts/1", "accounts", lambda one: one["accounts"][0].pop("hold")),
        ("futures-positions/1", "futures-positions", lambda one: one["positions"][0].update(side="BOTH")),
        ("transactions/1", "transactions", lambda one: one["data"][0].pop("status")),
    ],
)
def test_what_is_not_documented_is_refused_by_its_place(endpoint, name, change):
    with pytest.raises(MalformedPayloadError, match="coinbase"):
        read(endpoint, name, change)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded payloads are not on this machine")
def test_payloads_that_others_recorded_are_read():
    recorded = {one["name"]: one["response"] for one in json.loads((SHARED / "nautilus.json").read_text())}

    def facts(endpoint, name):
        return stated(endpoint, json.dumps(recorded[name]).encode(), context).facts

    context = EMPTY
    markets = [json.dumps(recorded[name]).encode() for name in ("http_products", "http_products_future")]
    for body in markets:
        context = context.with_instruments(stated("products/1", body).instruments)
    assert {one.code for one in context.instruments.versions} == {
        *("BTC-USD", "BTC-USDC", "BIP-20DEC30-CDE", "BIT-24APR26-CDE")
    }
    (spot,) = facts("accounts/1", "http_accounts")
    assert [str(line.total) for line in spot.body.lines] == ["1.23956789", "10450.50"]
    (fill, *_) = facts("fills/1", "http_fills")
    assert fill.body.cost == Amount(Decimal("-225.61725"), USD)
    (positions,) = facts("futures-positions/1", "http_cfm_positions")
    assert positions.body.lines[0].entry_price == Decimal("49000.00")
    (balance,) = facts("futures-balance/1", "http_cfm_balance_summary")
    assert balance.body.lines[0].total == Decimal("8025.00")
    assert len(facts("stream.ticker/1", "ws_ticker")) == 1

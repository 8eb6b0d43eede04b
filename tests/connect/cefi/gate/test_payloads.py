"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.connect.margins import read_margin_ratio
from truenav.connect.registry import connector
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.facts import BalanceSnapshot, CashKind, QuoteKind, TransferKind
from truenav.core.instrument import InstrumentKind, OptionRight
from truenav.core.money import Amount

from .conftest import EMPTY, T, body_of, known_markets, stated

EXPIRY = datetime(2026, 3, 27, 8, tzinfo=UTC)
DELIVERY = "https://x/api/v4/delivery/usdt/my_trades"
OPTIONS = "https://x/api/v4/options/my_trades"


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def held(parsed):
    (fact,) = parsed.facts
    return fact.body.wallet, {line.asset: (line.total, line.locked) for line in fact.body.lines}


def test_terms_of_all_products_and_nothing_of_unknown_assets_or_quanto_contracts():
    known = known_markets().instruments.instruments
    assert known["gate:BTC_USDT"].kind is InstrumentKind.SPOT
    swap = known["gate-contract:BTC_USDT"]
    assert (swap.kind, swap.multiplier, swap.settle, swap.inverse) == (
        InstrumentKind.PERPETUAL,
        Decimal("0.0001"),
        USDT,
        False,
    )
    inverse = known["gate-contract:BTC_USD"]
    assert (inverse.multiplier, inverse.settle, inverse.inverse) == (1, BTC, True)
    dated = known["gate-contract:BTC_USDT_20260327"]
    assert (dated.kind, dated.expiry_at) == (InstrumentKind.FUTURE, EXPIRY)
    call = known["gate-contract:BTC_USDT-20260327-100000-C"]
    assert (call.strike, call.right, call.multiplier, call.expiry_at) == (
        Decimal(100000),
        OptionRight.CALL,
        Decimal("0.01"),
        EXPIRY,
    )
    assert len(known) == 8  # neither NOTOURS nor ETH_USD, which pays in BTC


def test_prices(read):
    (last,) = read("spot-tickers/1", "spot-tickers").facts
    assert (last.body.kind, last.body.price, last.body.volume) == (
        QuoteKind.LAST,
        Decimal("87000.01"),
        Decimal("5021.5"),
    )
    marks = {fact.body.kind: fact.body.price for fact in read("contract-tickers/1", "contract-tickers").facts}
    assert marks == {QuoteKind.MARK: Decimal("87005.13"), QuoteKind.INDEX: Decimal("87010.55")}
    options = [
        (fact.body.price, fact.body.quote) for fact in read("options-tickers/1", "options-tickers").facts
    ]
    assert options == [(Decimal("3150.25"), USDT), (Decimal(0), USDT)]


def test_the_wallet_that_a_mode_does_not_have_holds_nothing(read):
    for name, wallet in (("mode-classic", "unified"), ("mode-unified", "spot")):
        (fact,) = read("mode/1", name).facts
        assert fact.body == BalanceSnapshot(wallet, ())


def test_balances_of_a_classic_account(read):
    assert held(read("spot-accounts/1", "spot-accounts")) == (
        "spot",
        {USDT: (Decimal("251250.75"), Decimal("1250.25")), BTC: (Decimal("2.5"), Decimal(0))},
    )
    assert held(read("margin-accounts/1", "margin-accounts")) == (
        "margin",
        {
            BTC: (Decimal("0.5999"), Decimal("0.25")),
            ETH: (Decimal(3), Decimal(0)),
            USDT: (Decimal("-400.5"), Decimal(100)),
        },
    )
    wallet, futures = held(read("contract-accounts/1", "futures-accounts", local__wallet="futures"))
    assert (wallet, futures[USDT][0], futures[BTC][0]) == ("futures", Decimal("98643.215"), Decimal("1.25"))
    delivery = held(read("contract-accounts/1", "delivery-accounts", local__wallet="delivery"))
    assert delivery == ("delivery", {USDT: (Decimal(20000), Decimal(0))})
    options = held(read("contract-accounts/1", "options-account", local__wallet="options"))
    assert options == ("options", {USDT: (Decimal("5000.25"), Decimal(0))})


def test_a_unified_account_counts_each_debt_once_and_no_open_profit(read):
    wallet, lines = held(read("unified/1", "unified"))
    assert wallet == "unified"
    assert lines == {
        USDT: (Decimal("1200000.25"), Decimal(1000)),  # to the digit, though equity has open profit in it
        ETH: (Decimal("-0.5"), Decimal(0)),  # 1.5 held, 2 owed
        BTC: (Decimal("3.00000001"), Decimal(0)),
    }


def test_cash_that_no_field_tells_is_equity_less_open_profit_and_told(read):
    body = body_of("unified").replace(b'"1199000.25"', b'"0"')
    parsed = stated("unified/1", body)
    assert held(parsed)[1][USDT][0] == Decimal("1200000.24")  # 1,199,817.79 + 812.50 - 630.05
    assert ["agrees with its equity" in problem.message for problem in parsed.problems] == [True]


def test_with_single_currency_margin_the_cash_is_the_cross_and_the_isolated_balance(read):
    account, *contracts = json.loads(body_of("unified"))
    account["balances"]["USDT"].update(
        available="5", freeze="0", cross_balance="1190000", iso_balance="10000.25"
    )
    found = held(stated("unified/1", json.dumps([account, *contracts]).encode()))
    assert found[1][USDT][0] == Decimal("1200000.25")


def test_contract_accounts_of_a_unified_account_hold_nothing_themselves(read):
    parts = [json.loads(body_of("mode-unified")), *json.loads(body_of("unified"))[1:]]
    body = json.dumps(parts).encode()
    assert held(stated("contract-accounts/1", body, local__wallet="futures")) == ("futures", {})


def test_an_account_without_coins_that_is_worth_something_is_not_believed():
    account, *_ = json.loads(body_of("unified"))
    with pytest.raises(MalformedPayloadError):
        stated("unified/1", json.dumps([{**account, "balances": {}}]).encode())


def test_the_margin_ratio_is_the_venues_own():
    assert read_margin_ratio("gate", "unified", body_of("unified")) == Decimal("0.0041")  # 6,150 / 1,500,000
    single = body_of("unified").replace(b'"6150"', b'"0"').replace(b'"1500000"', b'"0"')
    assert read_margin_ratio("gate", "unified", single) is None
    usdt = single.replace(b'"mm": "0"', b'"mm": "25"', 1).replace(
        b'"margin_balance": "0"', b'"margin_balance": "100"', 1
    )
    assert read_margin_ratio("gate", "unified", usdt) == Decimal("0.25")


def test_positions_in_contracts_with_both_sides_of_a_hedge(read):
    (fact,) = read("positions/1", "futures-positions", local__wallet="unified").facts
    found = [(one.instrument.partition(":")[2], one.quantity, one.entry_price) for one in fact.body.lines]
    assert fact.body.wallet == "unified"
    assert found == [
        ("BTC_USD", Decimal(-25000), Decimal("86990.5")),
        ("BTC_USDT", Decimal(-2000), Decimal(88100)),
        ("BTC_USDT", Decimal(5000), Decimal("87250.1")),
        ("ETH_USDT", Decimal("-12.5"), Decimal("2950.55")),
    ]
    (fact,) = read("positions/1", "options-positions", local__wallet="options").facts
    assert [(one.quantity, one.entry_price) for one in fact.body.lines] == [(Decimal(20), Decimal(3150))]


def test_lent_coins_and_those_that_are_being_redeemed(read):
    parsed = read("lends/1", "lends")
    assert held(parsed) == (
        "earn",
        {USDT: (Decimal("20000.5"), Decimal(0)), ETH: (Decimal(4), Decimal(0))},
    )
    assert [problem.subject for problem in parsed.problems] == ["gate:ETH"]


def test_spot_fills_with_fees_in_the_coin_in_gt_and_in_points(read):
    parsed = read("spot-trades/1", "spot-trades", account="spot")
    found = by_id(parsed)
    bought = found["spot:1:91"]
    assert (bought.wallet, bought.quantity, bought.cost, bought.tag) == (
        "spot",
        Decimal("1.5"),
        Amount(Decimal("-130350.015"), USDT),
        "mm1",
    )
    assert bought.fees == (Amount(Decimal("-0.003"), BTC),)
    assert found["spot:2:92"].fees == (Amount(Decimal("-8.7"), "gate:POINT"),)
    assert found["spot:3:93"].tag is None
    assert found["spot:3:93"].cost == Amount(Decimal("-0.883638"), USDT)
    assert found["spot:4:94"].fees == (Amount(Decimal("0.35"), USDT),)  # a rebate
    assert found["spot:4:94"].cost == Amount(Decimal(17430), USDT)
    assert [fee.number for fee in found["spot:5:95"].fees] == [Decimal("-0.9")]
    assert parsed.facts[0].occurred_at == T + timedelta(seconds=5, microseconds=71)
    margin = read("spot-trades/1", "spot-trades", account="margin")
    assert {body.wallet for body in by_id(margin).values()} == {"margin"}
    with pytest.raises(MalformedPayloadError):
        read("spot-trades/1", "spot-trades")


def test_a_trade_with_oneself_is_two_fills():
    """The venue prevents it only within groups; both fills bear the number of the one trade."""
    spot, contract = (json.loads(body_of(name))[0] for name in ("spot-trades", "futures-trades"))
    context = known_markets()
    for endpoint, both in (
        ("spot-trades/1", [{**spot, "side": side, "order_id": side} for side in ("buy", "sell")]),
        ("contract-trades/1", [{**contract, "size": size, "order_id": size} for size in ("3", "-3")]),
    ):
        told = stated(endpoint, json.dumps(both).encode(), context, account="spot", local__wallet="futures")
        assert sum(one.quantity for one in by_id(told).values()) == 0


def test_lines_of_the_spot_account_state_what_no_record_does(read):
    parsed = read("spot-book/1", "spot-book", local__wallet="spot")
    flows = {key: (one.wallet, one.kind, one.amount.number) for key, one in by_id(parsed).items()}
    assert flows == {
        "spot-book:19": ("spot", TransferKind.INTERNAL, Decimal(-50000)),
        "spot-book:20": ("spot", TransferKind.INTERNAL, Decimal("-0.25")),
        "spot-book:21": ("spot", TransferKind.INTERNAL, Decimal("2500.5")),
        "spot-book:22": ("spot", CashKind.REWARD, Decimal("3.25")),
        "spot-book:23": ("spot", TransferKind.INTERNAL, Decimal(-6000)),
        "spot-book:23:earn": ("earn", TransferKind.INTERNAL, Decimal(6000)),
        "spot-book:24": ("spot", TransferKind.INTERNAL, Decimal(1000)),
        "spot-book:24:earn": ("earn", TransferKind.INTERNAL, Decimal(-1000)),
        "spot-book:25": ("spot", CashKind.REWARD, Decimal("0.3125")),
        "spot-book:26": ("spot", CashKind.REALISED, Decimal("0.01")),
        "spot-book:27": ("spot", CashKind.REALISED, Decimal(-870)),
        "spot-book:28": ("spot", TransferKind.INTERNAL, Decimal(-100)),
        "spot-book:29": ("spot", CashKind.INTEREST, Decimal("-0.75")),
    }
    assert {problem.subject for problem in parsed.problems} == {"bots", "unknown:2001"}
    unified = by_id(read("spot-book/1", "spot-book", local__wallet="unified"))
    assert "spot-book:19" not in unified  # futures are a part of the same account
    assert "spot-book:29" not in unified  # its interest records state it
    with pytest.raises(MalformedPayloadError):
        read("spot-book/1", "spot-book")


@pytest.mark.parametrize(
    ("kind", "currency", "url", "wallet"),
    [
        ("delivery_out", "USDT", DELIVERY, "delivery"),
        ("futures_out", "BTC", "https://x/api/v4/futures/btc/account_book", "futures"),
        ("futures_out", "USDT", "https://x/api/v4/futures/usdt/account_book", "unified"),
    ],
)
def test_what_leaves_a_unified_account_arrives_elsewhere(kind, currency, url, wallet):
    """Dated futures and perpetuals in BTC are accounts of their own; those in USDT are a part of it."""
    spot = {"id": "1", "time": 1767225600000, "currency": currency, "change": "-2", "type": kind}
    left = stated("spot-book/1", json.dumps([spot]).encode(), local__wallet="unified")
    book = {"id": "2", "time": 1767225600, "change": "2", "balance": "2", "type": "dnw", "text": ""}
    arrived = stated("futures-book/1", json.dumps([book]).encode(), url=url, local__wallet=wallet)
    moved = [(one.body.wallet, one.body.amount.number) for one in (*left.facts, *arrived.facts)]
    assert moved == ([("unified", -2), (wallet, 2)] if wallet != "unified" else [])


def test_isolated_margin_transfers_and_all_interest_as_it_is_charged(read):
    moved = by_id(read("margin-book/1", "margin-book"))
    assert {key: (one.wallet, one.amount.number) for key, one in moved.items()} == {
        "margin-book:m-1": ("margin", Decimal("0.25")),
        "margin-book:m-2": ("margin", Decimal(-250)),
    }
    (margin,) = read("margin-interest/1", "margin-interest").facts
    assert (margin.body.wallet, margin.body.kind, margin.body.amount) == (
        "margin",
        CashKind.INTEREST,
        Amount(Decimal("-0.00000012"), BTC),
    )
    (unified,) = read("unified-interest/1", "unified-interest").facts
    assert (unified.body.wallet, unified.body.amount) == ("unified", Amount(Decimal("-0.0000125"), ETH))
    (kept,) = read("lend-interest/1", "lend-interest").facts
    assert (kept.body.wallet, kept.body.kind, kept.body.amount.number) == (
        "earn",
        CashKind.REWARD,
        Decimal("0.25"),
    )


def test_fills_of_contracts_state_positions_and_the_book_states_their_cash(read):
    fills = by_id(read("contract-trades/1", "futures-trades", local__wallet="futures"))
    opened = fills["BTC_USDT:10:810"]
    assert (opened.quantity, opened.price, opened.tag) == (Decimal(5000), Decimal("87250.1"), "trend")
    assert (opened.cost, opened.realised, opened.fees) == (None, None, ())
    assert fills["ETH_USDT:11:811"].quantity == Decimal("-12.5")
    assert fills["BTC_USDT:12:812"].tag is None  # a liquidation
    parsed = read("futures-book/1", "futures-book", local__wallet="futures")
    assert {key: (one.kind, one.amount.number) for key, one in by_id(parsed).items()} == {
        "USDT:b-22": (CashKind.REALISED, Decimal("-3125.05")),
        "USDT:b-23": (CashKind.FEE, Decimal("-23.95")),
        "USDT:b-24": (CashKind.FUNDING, Decimal("-4.35")),
        "USDT:b-25": (TransferKind.INTERNAL, Decimal(50000)),
        "USDT:b-26": (TransferKind.INTERNAL, Decimal(-2500)),
        "USDT:b-28": (CashKind.REWARD, Decimal("0.5")),
    }
    assert by_id(parsed)["USDT:b-24"].instrument == "gate-contract:BTC_USDT"
    assert [problem.subject for problem in parsed.problems] == ["bonus_offset:"]
    inside = by_id(read("futures-book/1", "futures-book", local__wallet="unified"))
    assert {one.wallet for one in inside.values()} == {"unified"}
    assert "USDT:b-25" not in inside


def test_lines_without_a_number_are_known_by_all_that_they_say(read):
    url = "https://x/api/v4/futures/btc/account_book"
    (fact,) = read("futures-book/1", "futures-book-btc", url, local__wallet="futures").facts
    assert fact.external_id.endswith(":fee:-0.000010152188:1:BTC_USD:6086261")
    assert (fact.body.amount, fact.body.instrument) == (
        Amount(Decimal("-0.000010152188"), BTC),
        "gate-contract:BTC_USD",
    )
    assert fact.occurred_at == T + timedelta(seconds=31, microseconds=123456)


def test_expired_contracts_get_their_terms_from_their_names(read):
    parsed = read("contract-trades/1", "delivery-trades", DELIVERY, local__wallet="delivery")
    (terms,) = parsed.instruments
    assert (terms.kind, terms.expiry_at) == (InstrumentKind.FUTURE, datetime(2025, 12, 26, 8, tzinfo=UTC))
    assert terms.multiplier == Decimal("0.0001")
    parsed = read("contract-trades/1", "options-trades", OPTIONS, local__wallet="options")
    (terms,) = parsed.instruments
    assert (terms.strike, terms.right) == (Decimal(85000), OptionRight.CALL)
    (bought,) = by_id(parsed).values()
    assert bought.cost == Amount(Decimal(-630), USDT)  # 20 contracts of 0.01 at 3150
    unknown = stated("contract-trades/1", body_of("options-trades"), EMPTY, OPTIONS, local__wallet="options")
    assert [problem.lost for problem in unknown.problems] == [True]


def test_the_manifest_names_payloads_that_hold_expiries_and_liquidations(read):
    named = {one.item: one.payload.removesuffix(".json") for one in connector("gate").manifest.supplies}
    settled = read("settlements/1", named["history.settlements"], DELIVERY, local__wallet="delivery")
    assert [fact.kind for fact in settled.facts] == ["settlement"]
    forced = {row["text"] for row in json.loads(body_of(named["history.liquidations"]))}
    assert "liq" in forced


def test_an_expiry_closes_the_position_and_the_book_pays_it(read):
    (future,) = read("settlements/1", "settlements", DELIVERY, local__wallet="delivery").facts
    assert (future.body.quantity, future.body.price, future.body.cash.number) == (
        Decimal(-30),
        Decimal("87400.5"),
        0,
    )
    (option,) = read("settlements/1", "options-settlements", OPTIONS, local__wallet="options").facts
    assert (option.body.quantity, option.body.price) == (Decimal(-20), Decimal(87000))
    book = by_id(read("futures-book/1", "options-book", OPTIONS, local__wallet="options"))
    assert sorted((one.kind, one.amount.number) for one in book.values()) == [
        (CashKind.FEE, Decimal("-5.22")),
        (CashKind.SETTLEMENT, Decimal(400)),
    ]


def test_deposits_that_are_credited_and_withdrawals_that_were_sent(read):
    found = by_id(read("deposits/1", "deposits", local__wallet="spot"))
    assert {key: one.amount for key, one in found.items()} == {
        "deposit:d1": Amount(Decimal(50000), USDT),
        "deposit:d2": Amount(Decimal("750.5"), ETH),
    }
    (sent,) = read("withdrawals/1", "withdrawals", local__wallet="spot").facts
    assert (sent.body.amount, sent.body.fee, sent.body.counterpart) == (
        Amount(Decimal("-995.5"), USDT),
        Amount(Decimal("-4.5"), USDT),
        "0xtheirs",
    )


@pytest.mark.parametrize(
    ("endpoint", "name"),
    [("orders", "spot-orders"), *((one, one) for one in ("time", "detail", "keys", "underlyings", "total"))],
)
def test_what_states_nothing_is_kept_as_evidence(read, endpoint, name):
    assert read(f"{endpoint}/1", name).facts == ()


def test_a_time_that_is_none_is_refused_with_its_place():
    body = body_of("futures-book").replace(b"1767225622.123456", b'"17e8"')
    with pytest.raises(MalformedPayloadError, match="time since 1970"):
        stated("futures-book/1", body, local__wallet="futures")

"""Answers as the venue documents them, and what each states to the last digit."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from truenav.connect.cefi.okx.parse import okx_id
from truenav.connect.document import read_json
from truenav.connect.margins import read_margin_ratio
from truenav.core.asset import BTC, ETH, USDC, USDT
from truenav.core.facts import CashKind, QuoteKind, TransferKind
from truenav.core.instrument import InstrumentKind, OptionRight
from truenav.core.money import Amount, exact

from .conftest import PAYLOADS

T = datetime(2026, 1, 1, tzinfo=UTC)
EXPIRY = datetime(2026, 3, 27, 8, tzinfo=UTC)


def by_id(parsed):
    found = {fact.external_id: fact.body for fact in parsed.facts}
    assert len(found) == len(parsed.facts)
    return found


def test_terms_of_all_products_and_nothing_of_unknown_assets(read):
    known = {one.code: one for one in read("instruments/1", "instruments").instruments}
    assert known["BTC-USDT"].kind is InstrumentKind.SPOT
    linear, inverse = known["BTC-USDT-SWAP"], known["BTC-USD-SWAP"]
    assert (linear.settle, linear.inverse, linear.multiplier) == (USDT, False, Decimal("0.01"))
    assert (inverse.settle, inverse.inverse, inverse.multiplier) == (BTC, True, 100)
    assert (known["BTC-USDT-260327"].kind, known["BTC-USDT-260327"].expiry_at) == (
        InstrumentKind.FUTURE,
        EXPIRY,
    )
    call = known["BTC-USD-260327-100000-C"]
    assert (call.strike, call.right, call.settle, call.multiplier) == (
        Decimal(100000),
        OptionRight.CALL,
        BTC,
        Decimal("0.01"),
    )
    assert known["BTC-USD-260327-90000-P"].right is OptionRight.PUT
    assert not any("NOTOURS" in name for name in known)


def test_prices_of_requests_and_of_streams(read):
    marks = {fact.body.base: fact.body.price for fact in read("mark-price/1", "mark-price").facts}
    assert marks == {
        okx_id("BTC-USDT-SWAP"): Decimal("87005.13"),
        okx_id("BTC-USD-260327-100000-C"): Decimal("0.04205"),
        okx_id("BTC-USD-260327-90000-P"): Decimal(0),
    }
    (last,) = read("tickers/1", "tickers").facts
    assert (last.body.kind, last.body.price, last.body.volume) == (
        QuoteKind.LAST,
        Decimal("87000.01"),
        Decimal("5021.5"),
    )
    (mark,) = read("stream.public/1", "stream-mark-price").facts
    assert (mark.body.price, mark.occurred_at) == (Decimal("87006.5"), T + timedelta(minutes=1))
    (told,) = read("stream.public/1", "stream-tickers").facts
    assert (told.body.base, told.body.price) == (BTC, Decimal("87001.5"))


def test_a_trading_account_counts_each_debt_once(read):
    parsed = read("balance/1", "balance")
    (fact,) = parsed.facts
    assert {line.asset: (line.total, line.locked) for line in fact.body.lines} == {
        USDT: (Decimal("1200000.25"), Decimal(2500)),
        BTC: (Decimal("3.00000001"), Decimal("0.01")),
        ETH: (Decimal("-0.5"), Decimal(0)),
        USDC: (Decimal("-250.75"), Decimal(0)),
    }
    assert parsed.problems == ()


def test_a_liability_is_the_negative_balance_with_the_interest_of_the_hour():
    """The venue: equity is balance, profit and options less interest; a liability is equity below zero."""
    body = (PAYLOADS / "balance.json").read_bytes()
    (account,) = read_json(body).field("data").items()
    owed = [coin for coin in account.field("details").items() if coin.decimal("liab")]
    assert [coin.text("ccy") for coin in owed] == ["ETH", "USDC"]
    with exact():
        for coin in owed:
            assert coin.decimal("liab") == coin.decimal("interest") - coin.decimal("cashBal")
            assert coin.decimal("eq") == -coin.decimal("liab")


def test_the_margin_ratio_is_the_venues_own():
    body = (PAYLOADS / "balance.json").read_bytes()
    assert read_margin_ratio("okx", "balance", body) == Decimal("0.08")  # the inverse of 12.5


def test_positions_of_all_kinds_with_both_sides_of_a_hedge(read):
    parsed = read("positions/1", "positions")
    (fact,) = parsed.facts
    found = [(one.instrument.partition(":")[2], one.quantity, one.entry_price) for one in fact.body.lines]
    assert found == [
        ("BTC-USD-260327-100000-C", Decimal(200), Decimal("0.0421")),
        ("BTC-USD-SWAP", Decimal(-250), Decimal("86990.5")),
        ("BTC-USDT-260327", Decimal("-12.5"), Decimal(88020)),
        ("BTC-USDT-SWAP", Decimal(-20), Decimal(88100)),
        ("BTC-USDT-SWAP", Decimal(50), Decimal("87250.1")),
    ]
    assert fact.body.lines[0].delta == Decimal("0.8421")
    (isolated,) = parsed.problems
    assert (isolated.subject, isolated.lost) == ("okx:BTC-USD-SWAP", True)
    assert "0.03 BTC" in isolated.message


def test_open_orders_are_evidence_only(read):
    assert read("orders-pending/1", "orders-pending").facts == ()


def test_fills_of_all_products_with_fees_in_any_coin(read):
    parsed = read("fills/1", "fills")
    found = {key[-1]: body for key, body in by_id(parsed).items()}
    assert found["1"].cost == Amount(Decimal("-130350.015"), USDT)
    assert (found["1"].fees, found["1"].tag) == ((Amount(Decimal("-0.0015"), BTC),), "mm1")
    linear = found["2"]
    assert (linear.quantity, linear.cost, linear.realised) == (50, None, Amount(Decimal(0), USDT))
    assert (linear.fees, linear.tag) == ((Amount(Decimal("1.25"), USDT),), "trend")  # a maker's rebate
    inverse = found["3"]
    assert (inverse.quantity, inverse.realised) == (-250, Amount(Decimal("0.0012"), BTC))
    option = found["4"]
    assert (option.cost, option.realised) == (Amount(Decimal("-0.0842"), BTC), None)
    assert found["5"].fees == (Amount(Decimal("-0.004"), "okx:OKB"),)
    assert [problem.subject for problem in parsed.problems] == ["okx:OKB"]


def test_bills_state_all_cash_that_no_fill_states(read):
    parsed = read("bills/1", "bills")
    found = {int(key.split(":")[1]) - 623950854533513000: one for key, one in by_id(parsed).items()}
    flows = {key: (one.kind, one.amount) for key, one in found.items() if hasattr(one, "amount")}
    assert flows == {
        2: (TransferKind.INTERNAL, Amount(Decimal(-250000), USDT)),  # the funding account's side
        3: (TransferKind.INTERNAL, Amount(Decimal("0.25"), BTC)),
        4: (CashKind.INTEREST, Amount(Decimal("-0.0000125"), ETH)),
        5: (CashKind.FUNDING, Amount(Decimal("-4.35"), USDT)),
        6: (CashKind.FUNDING, Amount(Decimal("2.5"), USDT)),
        7: (CashKind.FEE, Amount(Decimal("-12.5"), USDT)),
        11: (CashKind.REALISED, Amount(Decimal("3.25"), USDT)),
        12: (CashKind.FEE, Amount(Decimal("-1.5"), USDT)),
    }
    expired = {key: (one.quantity, one.price, one.cash) for key, one in found.items() if key in (8, 9)}
    assert expired == {
        8: (Decimal(-3), Decimal(87000), Amount(Decimal("120.5"), USDT)),
        9: (Decimal(-200), Decimal(87000), Amount(Decimal("0.0325"), BTC)),
    }
    assert [problem.subject for problem in parsed.problems] == ["99"]


def test_a_transfer_between_our_accounts_is_stated_on_both_sides(read):
    sides = [fact for fact in read("bills/1", "bills").facts if fact.kind == "transfer"]
    assert [(one.body.wallet, one.body.counterpart, one.body.amount.number) for one in sides] == [
        ("trading", "funding", Decimal("-0.25")),
        ("funding", "trading", Decimal("0.25")),
        ("trading", "funding", Decimal(250000)),
        ("funding", "trading", Decimal(-250000)),
    ]


def test_the_funding_account_and_what_entered_and_left_it(read):
    (fact,) = read("funding-balances/1", "funding-balances").facts
    assert [(one.asset, one.total, one.locked) for one in fact.body.lines] == [
        (USDT, Decimal("10350.5"), Decimal(100))
    ]
    deposits = by_id(read("deposits/1", "deposits"))
    assert set(deposits) == {"deposit:90311"}  # the other has not arrived yet
    assert deposits["deposit:90311"].amount == Amount(Decimal(50000), USDT)
    withdrawals = by_id(read("withdrawals/1", "withdrawals"))
    assert set(withdrawals) == {"withdrawal:78901"}
    left = withdrawals["withdrawal:78901"]
    assert (left.amount, left.fee) == (Amount(Decimal(-25000), USDT), Amount(Decimal("-2.5"), USDT))

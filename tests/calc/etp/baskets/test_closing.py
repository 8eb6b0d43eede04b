"""What a product holds, read off a NAV: fees, debts, prices, and what is no holding of a basket."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from truenav.calc.etp.baskets.ap_book import OrderBook, OrderStatus
from truenav.calc.etp.baskets.basket import net_asset_value, pooled, token_fee
from truenav.calc.etp.baskets.closing import (
    closing_prices,
    fees_owed,
    holdings_of,
    owed_to_participants,
    with_debts,
    with_fees,
)
from truenav.calc.nav.model import (
    Coverage,
    CoverageClass,
    FundNav,
    LineKind,
    NavLine,
    NavResult,
    Quality,
    SnapshotUse,
)
from truenav.calc.pricing.marks import QuoteBook, Subject, select_marks
from truenav.core.ap_orders import ApOrder, OrderState
from truenav.core.asset import BTC, BUILTIN_ASSETS, ETH, USD, AssetBook
from truenav.core.basket import Holding, Holdings, Side
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import NodeId, Sha256
from truenav.core.instrument import InstrumentBook
from truenav.core.money import ONE, ZERO, Amount, AssetId
from truenav.core.policy import PriceSource, PricingPolicy, PricingRule

from .samples import CLOSE, SHARE, holdings, terms

NODE = NodeId("trio")
OTHER = AssetId("index:PAIR")
FULL = Coverage(ONE, ZERO, ZERO, ZERO, ZERO, 0)


def _line(subject, number, kind=LineKind.BALANCE, *, node=NODE, account="vault"):
    return NavLine(
        node=node,
        account=account,
        wallet="main",
        subject=subject,
        kind=kind,
        tag=None,
        quantity=Decimal(number),
        entry_price=None,
        price=None,
        quote=None,
        price_usd=None,
        value_usd=None,
        exposure_usd=None,
        gross_exposure_usd=None,
        unrealised_usd=None,
        coverage=CoverageClass.API,
        price_source="",
        snapshot_at=CLOSE,
        quoted_at=CLOSE,
        evidence=(),
    )


def _result(*lines, failures=(), read=True):
    used = SnapshotUse("vault", "main", LineKind.BALANCE, CLOSE if read else None, CoverageClass.API, None)
    fund = FundNav(NODE, CLOSE, lines, ZERO, ZERO, ZERO, (), (), FULL, None, (used,), ())
    quality = Quality.PROVISIONAL if failures else Quality.COMPLETE
    return NavResult(NODE, CLOSE, CLOSE, "nav/2", quality, (fund,), (), (), FULL, failures, 0)


def _held(*lines, listed=(BTC, ETH), **more):
    given = {"quote": USD, "share": SHARE, "products": {OTHER: "pair"}, "listed": listed}
    return holdings_of(_result(*lines, **more), {NODE}, **given)


def test_balances_are_tokens_money_units_of_other_products_and_own_shares_are_nothing():
    found = _held(
        _line(BTC, "2"),
        _line(BTC, "0.5", account="exchange"),
        _line(USD, "100"),
        _line(OTHER, "40"),
        _line(SHARE, "7"),
        _line(ETH, "3", node=NodeId("elsewhere")),
    )
    assert pooled(found) == ({BTC: Decimal("2.5"), ETH: ZERO}, Decimal(100))
    assert [(unit.product, unit.shares) for unit in found.units] == [("pair", Decimal(40))]
    assert [one.place for one in found.assets] == ["vault", "exchange", ""]


def test_a_payable_in_tokens_is_an_expense_and_a_receivable_a_holding():
    found = _held(_line(BTC, "2"), _line(BTC, "-0.3", LineKind.MANUAL), _line(ETH, "1", LineKind.MANUAL))
    assert [(one.quantity, one.expenses) for one in found.assets] == [
        (Decimal(2), ZERO),
        (ZERO, Decimal("0.3")),
        (ONE, ZERO),
    ]


def test_what_no_account_names_is_zero_once_the_accounts_were_read_and_unknown_before():
    assert {one.asset for one in _held(_line(BTC, "2")).assets} == {BTC, ETH}
    assert {one.asset for one in _held(read=False).assets} == set()


def test_a_contract_and_units_of_a_fund_are_no_holding_of_a_basket():
    found = _held(_line("x:btc-perp", "1", LineKind.POSITION), _line("alpha-a", "1", LineKind.HOLDING))
    assert [one.subject for one in found.failures] == ["x:btc-perp", "alpha-a"]


def test_failures_about_holdings_stay_and_those_about_prices_are_judged_anew():
    kinds = {
        FailureKind.ACCOUNT_UNREAD: True,
        FailureKind.RECONCILIATION_BREAK: False,
        FailureKind.ACCOUNT_STALE: False,
        FailureKind.UNPRICED: True,
        FailureKind.UNIT_COUNT: True,
    }
    failures = tuple(
        Failure(kind, "vault", "It is so.", "Mend it.", blocking=blocks) for kind, blocks in kinds.items()
    )
    found = _held(_line(BTC, "2"), failures=failures)
    assert [one.kind for one in found.failures] == [FailureKind.ACCOUNT_UNREAD, FailureKind.ACCOUNT_STALE]


def test_the_fee_of_some_days_is_on_all_places_together_net_of_what_is_owed():
    held = Holdings(CLOSE, USD, (Holding(BTC, Decimal(60), place="a"), Holding(BTC, Decimal(40), place="b")))
    rules = terms(expense_rate=Decimal("0.025"))
    found = with_fees(held, {BTC: Decimal(1)}, days=30, terms=rules)
    expected = 1 + token_fee(Decimal(99), rate=Decimal("0.025"), days=30)
    assert abs(fees_owed(found)[BTC] - expected) < Decimal("1e-25")
    assert found.assets[1].accrued_fee == 0


def test_a_fee_that_was_overpaid_is_no_asset_of_the_product():
    held = Holdings(CLOSE, USD, (Holding(BTC, Decimal(10)),))
    found = with_fees(held, {BTC: Decimal("-0.5")}, days=0, terms=terms())
    assert pooled(found)[0] == {BTC: Decimal(10)}


def test_a_payment_of_fees_that_accrued_since_the_close_leaves_nothing_owed():
    rules, whole = terms(expense_rate=Decimal("0.025")), Holdings(CLOSE, USD, (Holding(BTC, Decimal(100)),))
    at_close = fees_owed(with_fees(whole, {}, days=3, terms=rules))[BTC]
    now = fees_owed(with_fees(whole, {BTC: at_close}, days=2, terms=rules))[BTC]
    left = Holdings(CLOSE, USD, (Holding(BTC, Decimal(100) - now),))
    owed = fees_owed(with_fees(left, {BTC: at_close - now}, days=2, terms=rules))[BTC]
    assert owed < (now - at_close) / 1000


@given(
    days=st.lists(st.integers(min_value=1, max_value=9), min_size=1, max_size=5),
    held=st.decimals(min_value="0.001", max_value="100000", places=8),
)
def test_the_fee_is_the_same_whether_closes_are_few_or_many(days, held):
    rules = terms(expense_rate=Decimal("0.025"))
    whole = Holdings(CLOSE, USD, (Holding(BTC, held),))
    owed: dict[AssetId, Decimal] = {}
    for some in days:
        owed = fees_owed(with_fees(whole, owed, days=some, terms=rules))
    at_once = fees_owed(with_fees(whole, {}, days=sum(days), terms=rules))
    assert abs(owed[BTC] - at_once[BTC]) < Decimal("1e-30")


def test_what_arrived_for_an_open_order_belongs_to_the_participant_and_after_settlement_to_the_fund():
    order = ApOrder("trio", "maker-one", "one", Side.CREATE, 1)
    seen = (Amount(Decimal(2), BTC), Amount(Decimal(50), USD), Amount(Decimal(9), SHARE))
    held = holdings()
    for state, less in ((OrderState.DELIVERY_PENDING, 2), (OrderState.SETTLED, 0)):
        book = OrderBook(1, {order.key: OrderStatus(order, CLOSE, state, seen=seen)}, {})
        found = with_debts(held, owed_to_participants(book, SHARE))
        prices = {BTC: ONE, ETH: ZERO, held.assets[2].asset: ZERO}
        owed = less + (50 if less else 0)
        assert net_asset_value(held, prices) - net_asset_value(found, prices) == owed


def test_a_debt_of_what_nobody_holds_is_a_holding_below_zero():
    found = with_debts(Holdings(CLOSE, USD, ()), {BTC: Decimal(1)})
    assert pooled(found)[0] == {BTC: Decimal(-1)}


def test_closing_prices_are_in_the_quote_asset_and_old_or_missing_ones_are_told():
    rule = PricingRule("*", (PriceSource("x", QuoteKind.LAST, USD),), 60, 86_400)
    eur = AssetId("iso4217:EUR")
    told = ((BTC, "50000", 0), (ETH, "2000", 600), (eur, "1.25", 0))
    quotes = [
        Fact("x", "", asset, CLOSE - timedelta(seconds=age), _last(asset, price), Sha256("a" * 64))
        for asset, price, age in told
    ]
    wanted = [BTC, ETH, OTHER]
    marks = select_marks(
        [Subject(one) for one in (*wanted, eur)],
        QuoteBook(quotes),
        PricingPolicy("p", (rule,)),
        assets=AssetBook(BUILTIN_ASSETS, ()),
        instruments=InstrumentBook(()),
        as_of=CLOSE,
    )
    prices, failures = closing_prices(marks, wanted, eur)
    assert prices == {BTC: Decimal(40000), ETH: Decimal(1600)}
    assert {(one.kind, one.subject) for one in failures} == {
        (FailureKind.PRICE_STALE, ETH),
        (FailureKind.UNPRICED, OTHER),
    }


def _last(asset, price):
    return Quote(asset, USD, QuoteKind.LAST, Decimal(price))

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.calc.nav.conftest import CALL, DAY, INVERSE, PERP, SPOT, START, House

from truenav.calc.ledger.deltas import Reason
from truenav.calc.nav.bridge import EFFECT_OF
from truenav.calc.nav.model import NavBridge, NavResult
from truenav.core.asset import BTC, EUR, USDT
from truenav.core.facts import CashKind, ManualKind
from truenav.core.failure import FailureKind
from truenav.core.money import exact
from truenav.core.portfolio import ByShare, ByTag, NodeKind

HOUR = timedelta(hours=1)
NEXT = START + DAY


def bridge_of(result: NavResult) -> NavBridge:
    bridge = result.root.bridge
    assert bridge is not None
    return bridge


def parts(bridge: NavBridge) -> dict[str, Decimal]:
    """The parts that are not zero."""
    names = ("price", "funding", "fee", "flow", "manual", "correction", "unexplained")
    found = {name: getattr(bridge, f"{name}_usd") for name in names}
    return {name: value for name, value in found.items() if value}


def adds_up(result: NavResult) -> bool:
    bridge = bridge_of(result)
    with exact():
        total = sum(parts(bridge).values(), Decimal(0))
        return bridge.opening_nav_usd + total == bridge.closing_nav_usd == result.root.nav_usd


def test_every_reason_has_its_part() -> None:
    assert set(EFFECT_OF) == set(Reason)


def test_first_nav_has_no_bridge(simple: House) -> None:
    assert simple.strike("alpha", START).root.bridge is None


def test_each_part_from_its_own_facts(simple: House) -> None:
    first = simple.strike("alpha", START)
    simple.transfer("okx-1", START + HOUR, "1000", USDT)
    simple.deal("alpha", START + HOUR, "1", "999")
    simple.trade("okx-1", START + HOUR, SPOT, "0.1", "50500", cost=("-5050", USDT), fee=("-0.0001", BTC))
    simple.cash("okx-1", START + HOUR, CashKind.FUNDING, "-3", USDT, PERP)
    simple.manual("alpha", NEXT, "-100")
    simple.prices(NEXT, {BTC: "51000", USDT: "0.999"})
    simple.balances("okx-1", NEXT, {BTC: "1.0999", USDT: "5947"})
    result = simple.strike("alpha", NEXT, first.funds)
    # price: 1 BTC +1000, 10,000 USDT -10, 0.1 BTC bought for 5050 USDT: 5100 - 5044.95.
    assert parts(bridge_of(result)) == {
        "price": Decimal("1045.05"),
        "funding": Decimal("-2.997"),
        "fee": Decimal("-5.1"),
        "flow": 999,
        "manual": -100,
    }
    assert bridge_of(result).unmatched_flow_usd == 0
    assert adds_up(result)


def test_derivative_profit_is_price_whether_realised_or_not(simple: House) -> None:
    simple.positions("okx-1", START, (PERP, "2", "50000"), (INVERSE, "100", "50000"), (CALL, "10", "0.05"))
    simple.mark(START, PERP, "50000")
    simple.mark(START, INVERSE, "50000")
    simple.mark(START, CALL, "0.05")
    first = simple.strike("alpha", START)
    simple.trade("okx-1", START + HOUR, PERP, "-1", "50100", realised=("100", USDT))
    simple.trade("okx-1", START + HOUR, CALL, "10", "0.04", cost=("-0.04", BTC))
    simple.settlement("okx-1", START + 2 * HOUR, INVERSE, "-100", "50000", "0")
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.mark(NEXT, PERP, "50300")
    simple.mark(NEXT, CALL, "0.06")
    simple.balances("okx-1", NEXT, {BTC: "0.96", USDT: "10100"})
    simple.positions("okx-1", NEXT, (PERP, "1", "50000"), (CALL, "20", "0.045"))
    result = simple.strike("alpha", NEXT, first.funds)
    # 100 realised + 300 open; the calls: 20 * 0.1 * 0.06 - 10 * 0.1 * 0.05 - 0.04 BTC = 0.03 BTC.
    assert parts(bridge_of(result)) == {"price": 400 + 1500}


def test_vanished_position_and_missing_cash_are_unexplained(simple: House) -> None:
    simple.positions("okx-1", START, (PERP, "2", "49000"))
    simple.mark(START, PERP, "50000")
    first = simple.strike("alpha", START)
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "9000"})
    simple.positions("okx-1", NEXT)
    result = simple.strike("alpha", NEXT, first.funds)
    assert parts(bridge_of(result)) == {"unexplained": -3000}
    assert result.breaks == 2


def test_transfers_between_own_wallets_cancel(simple: House) -> None:
    simple.whole("okx-2", "alpha")
    simple.balances("okx-2", START, {USDT: "0"})
    first = simple.strike("alpha", START)
    simple.transfer("okx-1", START + HOUR, "-400", USDT, internal=True)
    simple.transfer("okx-2", START + HOUR, "400", USDT, internal=True)
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "9600"})
    simple.balances("okx-2", NEXT, {USDT: "400"})
    result = simple.strike("alpha", NEXT, first.funds)
    assert parts(bridge_of(result)) == {}
    assert (result.breaks, result.failures) == (0, ())


def test_pending_money_is_matched_with_its_dealing(simple: House) -> None:
    first = simple.strike("alpha", START)
    simple.deal("alpha", START + HOUR, "2", "2000")
    simple.manual("alpha", START + HOUR, "2000", kind=ManualKind.PENDING_DEPOSIT)
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "10000"})
    result = simple.strike("alpha", NEXT, first.funds)
    assert parts(bridge_of(result)) == {"manual": 2000}
    assert bridge_of(result).unmatched_flow_usd == 0
    assert result.failures == ()


def test_unmatched_money_is_noted_but_does_not_block(simple: House) -> None:
    first = simple.strike("alpha", START)
    simple.transfer("okx-1", START + HOUR, "1000", USDT)
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "11000"})
    result = simple.strike("alpha", NEXT, first.funds)
    assert parts(bridge_of(result)) == {"flow": 1000}
    assert bridge_of(result).unmatched_flow_usd == 1000
    assert [(one.kind, one.blocking) for one in result.failures] == [
        (FailureKind.RECONCILIATION_BREAK, False)
    ]


def test_late_knowledge_is_a_correction(simple: House) -> None:
    first = simple.strike("alpha", START)
    corrected = replace(
        simple.facts[-2], body=replace(simple.facts[-2].body, lines=simple.facts[-2].body.lines[:1])
    )
    simple.facts[-2] = corrected
    restated = simple.strike("alpha", START)
    assert restated.root.nav_usd == 50000
    simple.prices(NEXT, {BTC: "50100", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1"})
    result = simple.strike("alpha", NEXT, first.funds, previous_restated=restated.funds)
    assert parts(bridge_of(result)) == {"correction": -10000, "price": 100}
    assert adds_up(result)


def test_account_that_could_not_be_read_is_unexplained(simple: House) -> None:
    first = simple.strike("alpha", START)
    at = START + 2 * DAY
    simple.prices(at, {BTC: "50000", USDT: "1"})
    result = simple.strike("alpha", at, first.funds)
    assert parts(bridge_of(result)) == {"unexplained": -60000}


money = st.decimals(min_value=-10_000, max_value=10_000, places=8)
price = st.decimals(min_value="0.01", max_value=100_000, places=7)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prices=st.tuples(price, price, price, price),
    marks=st.tuples(price, price),
    flows=st.lists(money, min_size=6, max_size=6),
    residual=money,
    rate=st.decimals(min_value=0, max_value=1, places=4),
)
def test_the_parts_sum_exactly_and_unexplained_is_what_no_fact_moved(
    prices: tuple[Decimal, ...],
    marks: tuple[Decimal, ...],
    flows: list[Decimal],
    residual: Decimal,
    rate: Decimal,
) -> None:
    house = House()
    house.fund()
    house.share_class("a", "alpha", str(rate))
    house.whole("okx-1", "alpha")
    house.deal("alpha", START, "7", "123456.789", share_class="a")
    house.prices(START, {BTC: str(prices[0]), USDT: str(prices[1]), EUR: "1.1"})
    house.mark(START, PERP, str(marks[0]))
    house.balances("okx-1", START, {BTC: "3", USDT: "50000"})
    house.positions("okx-1", START, (PERP, "2", "1000"))
    first = house.strike("alpha", START)
    bought, cost, fee, funding, moved, contracts = flows
    house.trade("okx-1", START + HOUR, SPOT, str(bought), "1", cost=(str(cost), USDT), fee=(str(fee), BTC))
    house.cash("okx-1", START + HOUR, CashKind.FUNDING, str(funding), USDT)
    house.transfer("okx-1", START + HOUR, str(moved), USDT)
    house.trade("okx-1", START + HOUR, PERP, str(contracts), "1")
    house.prices(NEXT, {BTC: str(prices[2]), USDT: str(prices[3])})
    house.mark(NEXT, PERP, str(marks[1]))
    with exact():
        held = {BTC: str(3 + bought + fee), USDT: str(50000 + cost + funding + moved + residual)}
        house.balances("okx-1", NEXT, held)
        house.positions("okx-1", NEXT, (PERP, str(2 + contracts), "900"))
        result = house.strike("alpha", NEXT, first.funds)
        assert adds_up(result)
        bridge = bridge_of(result)
        assert abs(bridge.unexplained_usd - residual * prices[3]) < Decimal("1e-15")
        assert bridge.funding_usd == funding * prices[3]
    assert not [one for one in result.failures if one.kind is FailureKind.INVARIANT]


@settings(max_examples=30, deadline=None)
@given(
    share=st.decimals(min_value=0, max_value=1, places=12),
    tagged=money,
    untagged=money,
    fee=money,
    prices=st.tuples(price, price),
)
def test_an_account_shared_by_two_funds_leaves_nothing_unexplained(
    share: Decimal, tagged: Decimal, untagged: Decimal, fee: Decimal, prices: tuple[Decimal, Decimal]
) -> None:
    house = House()
    house.node("fof", NodeKind.FUND_OF_FUNDS)
    for name in ("alpha", "beta"):
        house.fund(name, "fof")
    house.account("okx-1", ("beta", ByTag("arb")), ("alpha", ByShare(share)), ("beta", ByShare(Decimal(1))))
    house.prices(START, {BTC: str(prices[0]), USDT: "1"})
    house.balances("okx-1", START, {BTC: "3", USDT: "50000"})
    first = house.strike("fof", START)
    for tag, bought in (("arb", tagged), (None, untagged)):
        house.trade(
            "okx-1",
            START + HOUR,
            SPOT,
            str(bought),
            "1",
            cost=(str(-bought), USDT),
            fee=(str(fee), USDT),
            tag=tag,
        )
    house.prices(NEXT, {BTC: str(prices[1]), USDT: "0.999"})
    with exact():
        held = {BTC: str(3 + tagged + untagged), USDT: str(50000 - tagged - untagged + 2 * fee)}
    house.balances("okx-1", NEXT, held)
    second = house.strike("fof", NEXT, first.funds)
    assert (second.breaks, [one for one in second.failures if one.blocking]) == (0, [])
    with exact():
        for fund in second.funds[:2]:
            assert fund.bridge is not None
            assert abs(fund.bridge.unexplained_usd) < Decimal("1e-16")
            assert fund.bridge.closing_nav_usd == fund.nav_usd
        whole = Decimal(held[BTC]) * prices[1] + Decimal(held[USDT]) * Decimal("0.999")
        assert abs(sum((one.nav_usd for one in second.funds), Decimal(0)) - whole) <= Decimal("2e-18")

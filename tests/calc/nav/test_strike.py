import json
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.calc.nav.conftest import (
    CALL,
    DAY,
    INSTRUMENTS,
    INVERSE,
    PERP,
    PRICING,
    SPOT,
    START,
    House,
    found,
)

from truenav.calc.nav.context import NavInputError
from truenav.calc.nav.model import CoverageClass, NavInputs, NavResult, Quality
from truenav.calc.nav.strike import strike_nav
from truenav.core.asset import BTC, BUILTIN_ASSETS, ETH, EUR, USD, USDT, Asset, AssetKind
from truenav.core.canonical import canonical_json, decode
from truenav.core.facts import CashKind, PositionLine, PositionSnapshot, Quote, QuoteKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.money import Amount, AssetId
from truenav.core.policy import PricingPolicy
from truenav.core.portfolio import ByAsset, ByInstrument, ByShare, ByTag, NodeKind

HOUR = timedelta(hours=1)
NEXT = START + DAY


def kinds(result: NavResult) -> list[FailureKind]:
    return [one.kind for one in result.failures if one.blocking]


def values(result: NavResult) -> dict[tuple[str, str], Decimal | None]:
    return {(one.node, one.subject): one.value_usd for one in result.root.lines}


def test_first_nav_in_every_numeraire(simple: House) -> None:
    result = simple.strike("alpha", START)
    assert (result.quality, result.failures, result.root.nav_usd) == (Quality.COMPLETE, (), 60000)
    share_class = result.root.classes[0]
    assert (share_class.units, share_class.nav_per_unit_usd) == (60, 1000)
    shown = {one.code: (one.nav, one.nav_per_unit) for one in share_class.numeraires}
    assert shown["BTC"] == (Decimal("1.2"), Decimal("0.02"))
    assert shown["EUR"] == (Decimal("54545.454545454545454545"), Decimal("909.090909090909090909"))
    assert result.coverage.api == 1
    assert [len(one.evidence) for one in result.root.lines] == [2, 2]


def test_inputs_and_result_survive_canonical_text(simple: House) -> None:
    inputs = simple.inputs("alpha", START)
    result = strike_nav(inputs)
    read = decode(NavInputs, json.loads(canonical_json(inputs)))
    assert read == inputs
    assert decode(NavResult, json.loads(canonical_json(result))) == result
    assert canonical_json(strike_nav(read)) == canonical_json(result)


def test_a_previous_nav_read_back_gives_the_same_bytes(simple: House) -> None:
    first = simple.strike("alpha", START)
    read = decode(NavResult, json.loads(canonical_json(first)))
    simple.prices(NEXT, {BTC: "51000", USDT: "0.9"})
    simple.balances("okx-1", NEXT, {BTC: "0.999", USDT: "12000"})
    fresh, again = (simple.strike("alpha", NEXT, one.funds) for one in (first, read))
    assert canonical_json(fresh) == canonical_json(again)


def test_order_of_the_inputs_does_not_matter(simple: House) -> None:
    simple.node("book", NodeKind.BOOK, "alpha")
    simple.whole("okx-2", "book")
    simple.balances("okx-2", START, {ETH: "3"})
    simple.manual("book", START, "5")
    inputs = simple.inputs("alpha", START)
    expected = canonical_json(strike_nav(inputs))
    for seed in range(5):
        mixed: dict[str, Any] = {}
        for name in ("nodes", "rules", "accounts", "facts", "assets", "instruments"):
            items = list(getattr(inputs, name))
            random.Random(seed).shuffle(items)
            mixed[name] = tuple(items)
        assert canonical_json(strike_nav(replace(inputs, **mixed))) == expected


def test_unpriced_is_provisional_and_never_zero(simple: House) -> None:
    doge = AssetId("slip44:3")
    simple.balances("okx-1", START + HOUR, {BTC: "1", USDT: "10000", doge: "7"})
    simple.prices(START + HOUR, {BTC: "50000", USDT: "1"})
    result = simple.strike("alpha", START + HOUR)
    line = next(one for one in result.root.lines if one.subject == doge)
    assert (line.value_usd, line.price_usd, line.coverage) == (None, None, CoverageClass.MISSING)
    assert result.quality is Quality.PROVISIONAL
    assert result.coverage.lines_unpriced == 1
    assert FailureKind.UNPRICED in kinds(result)


def test_a_numeraire_without_price_is_a_note_but_a_class_currency_blocks(house: House) -> None:
    house.fund()
    house.whole("okx-1", "alpha")
    house.prices(START, {USDT: "1", BTC: "50000"})
    house.balances("okx-1", START, {USDT: "7"})
    result = house.strike("alpha", START)
    assert [(one.subject, one.blocking) for one in result.failures] == [(EUR, False)]
    assert (result.quality, result.root.numeraires[1].nav) == (Quality.COMPLETE, None)
    house.share_class("a", "alpha", currency=EUR)
    house.deal("alpha", START, "1", "7", share_class="a")
    result = house.strike("alpha", START)
    assert [(one.subject, one.blocking) for one in result.failures] == [(EUR, True)]
    assert result.root.classes[0].nav_per_unit_currency is None


def test_what_lost_its_price_weighs_its_last_value(simple: House) -> None:
    first = simple.strike("alpha", START)
    at = START + 3 * DAY
    simple.balances("okx-1", at, {BTC: "1", USDT: "10000"})
    simple.prices(at, {USDT: "1"})
    result = simple.strike("alpha", at, first.funds)
    assert (result.coverage.api, result.coverage.missing) == (
        Decimal("0.166666666666666667"),
        Decimal("0.833333333333333333"),
    )
    assert result.root.gross_asset_value_usd == 10000
    assert result.root.bridge is not None
    assert result.root.bridge.unexplained_usd == -50000


def test_killed_account_is_missing_at_its_last_known_value(simple: House) -> None:
    simple.whole("okx-2", "alpha")
    simple.balances("okx-2", START, {USDT: "20000"})
    first = simple.strike("alpha", START)
    at = START + 2 * DAY
    simple.balances("okx-1", at, {BTC: "1", USDT: "10000"})
    simple.prices(at, {BTC: "50000", USDT: "1"})
    result = simple.strike("alpha", at, first.funds)
    assert result.quality is Quality.PROVISIONAL
    assert (result.coverage.api, result.coverage.missing) == (Decimal("0.75"), Decimal("0.25"))
    assert result.root.gross_asset_value_usd == 60000
    failure = next(one for one in result.failures if one.kind is FailureKind.ACCOUNT_UNREAD)
    assert (failure.subject, failure.blocking) == ("okx-2/main", True)


def test_account_never_read_says_that_its_value_is_unknown(simple: House) -> None:
    simple.whole("okx-2", "alpha", wallets=("spot", "swap"))
    result = simple.strike("alpha", START)
    assert result.quality is Quality.PROVISIONAL
    assert result.coverage.missing == 0
    unread = [one for one in result.failures if one.kind is FailureKind.ACCOUNT_UNREAD]
    assert [one.subject for one in unread] == ["okx-2/spot", "okx-2/swap"]
    assert all("unknown" in one.message for one in unread)


def test_failures_of_gathering_travel_with_the_result(simple: House) -> None:
    unread = Failure(FailureKind.ACCOUNT_UNREAD, "okx-1", "The venue answered 503.", "Try again.")
    result = simple.strike("alpha", START, unread=(unread,))
    assert result.failures == (unread,)
    assert result.quality is Quality.PROVISIONAL


def test_stale_mark_and_stale_snapshot_by_value(simple: House) -> None:
    at = START + 2 * HOUR
    simple.whole("okx-2", "alpha")
    simple.balances("okx-2", START + HOUR, {USDT: "20000"})
    simple.balances("okx-1", at, {BTC: "1", USDT: "10000"})
    simple.prices(at, {USDT: "1"})
    result = simple.strike("alpha", at)
    assert result.coverage.stale == Decimal("0.875")
    assert result.root.nav_usd == 80000
    assert result.quality is Quality.PROVISIONAL
    assert sorted({one.kind for one in result.failures}) == [
        FailureKind.ACCOUNT_STALE,
        FailureKind.PRICE_STALE,
    ]
    simple.policy = replace(simple.policy, minimum_coverage=Decimal("0.125"))
    assert simple.strike("alpha", at).quality is Quality.COMPLETE


def test_imported_and_manual_shares(simple: House) -> None:
    simple.whole("bank", "alpha")
    simple.balances("bank", START, {USD: "20000"}, source="file:balances")
    simple.manual("alpha", START, "20000")
    result = simple.strike("alpha", START)
    assert (result.coverage.api, result.coverage.imported, result.coverage.manual) == (
        Decimal("0.6"),
        Decimal("0.2"),
        Decimal("0.2"),
    )
    assert result.coverage.observed == 1


def test_manual_price_makes_a_manual_line(simple: House) -> None:
    doge = AssetId("slip44:3")
    simple.balances("okx-1", START, {doge: "10"})
    simple.prices(START, {doge: "2"}, "manual")
    result = simple.strike("alpha", START)
    assert (result.root.nav_usd, result.coverage.manual) == (20, 1)


def test_manual_item_counts_only_while_in_force(simple: House) -> None:
    simple.manual("alpha", START + HOUR, "-100", until=START + 3 * HOUR)
    simple.manual("alpha", START, "0.5", BTC, until=START)
    navs = []
    for hours in (0, 2, 3):
        simple.prices(START + hours * HOUR, {BTC: "50000", USDT: "1"})
        simple.balances("okx-1", START + hours * HOUR, {BTC: "1", USDT: "10000"})
        navs.append(simple.strike("alpha", START + hours * HOUR).root.nav_usd)
    assert navs == [60000, 59900, 60000]


def test_what_is_over_needs_no_price_any_more(simple: House) -> None:
    doge = AssetId("slip44:3")
    simple.prices(START, {doge: "1000"})
    simple.manual("alpha", START, "1", doge, until=START + HOUR)
    simple.deal("alpha", START, "1", "1", asset=doge)
    first = simple.strike("alpha", START)
    assert (first.root.nav_usd, first.failures) == (61000, ())
    at = START + 2 * DAY
    simple.prices(at, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", at, {BTC: "1", USDT: "10000"})
    assert simple.strike("alpha", at, first.funds).failures == ()


def test_pl05_and_pl06_positions_in_dollars(simple: House) -> None:
    simple.positions("okx-1", START, (PERP, "3", "20000"), (INVERSE, "1000", "50000"))
    simple.prices(START, {BTC: "60000", USDT: "0.999"})
    simple.mark(START, PERP, "21500")
    simple.mark(START, INVERSE, "60000")
    result = simple.strike("alpha", START)
    assert values(result)["alpha", PERP] == Decimal("4495.5")
    assert values(result)["alpha", INVERSE] == 20000
    totals = result.nodes[0]
    assert totals.unrealised_usd == Decimal("24495.5")
    # 1 BTC of balance, 3 * 21500 USDT, 100,000 USD of the inverse.
    assert totals.net_exposure_usd == 60000 + Decimal("64435.5") + 100000


def test_option_is_valued_in_coin_and_flags_an_unknown_delta(simple: House) -> None:
    simple.positions("okx-1", START, (CALL, "20", "0.05"))
    simple.mark(START, CALL, "0.08")
    line = next(one for one in simple.strike("alpha", START).root.lines if one.subject == CALL)
    assert (line.value_usd, line.unrealised_usd) == (8000, 3000)
    assert (line.exposure_usd, line.notes) == (100000, ("delta unknown: full notional",))


def test_a_contract_marked_in_another_currency_is_valued_in_its_own(simple: House) -> None:
    simple.positions("okx-1", START, (PERP, "3", "20000"))
    simple.prices(START, {USDT: "0.999"})
    simple.fact("", Quote(PERP, USD, QuoteKind.LAST, Decimal("21478.5")), START, "vendor")
    pricing = PricingPolicy("vendor", PRICING.rules[-1:])
    line = found(simple.strike("alpha", START, pricing=pricing), PERP)
    assert (line.value_usd, line.unrealised_usd) == (Decimal("4495.5"), Decimal("4495.5"))
    assert (line.price, line.quote) == (21500, USDT)


def test_the_venues_delta_is_divided_with_its_line(house: House) -> None:
    house.fund()
    for book in ("arb", "rest"):
        house.node(book, NodeKind.BOOK, "alpha")
    house.account("okx-1", ("arb", ByShare(Decimal(1) / 4)), ("rest", ByShare(Decimal(1))))
    house.prices(START, {BTC: "50000"})
    house.balances("okx-1", START, {})
    held = PositionLine(CALL, Decimal(20), Decimal("0.05"), Decimal("0.8"))
    house.fact("okx-1", PositionSnapshot("main", (held,)), START)
    house.mark(START, CALL, "0.08")
    result = house.strike("alpha", START)
    by_node = {node: found(result, CALL, node) for node in ("arb", "rest")}
    assert {node: line.exposure_usd for node, line in by_node.items()} == {"arb": 10_000, "rest": 30_000}
    assert {line.notes for line in by_node.values()} == {()}


def test_an_option_on_what_has_no_price_has_a_value_and_an_unknown_exposure(simple: House) -> None:
    terms = next(one for one in INSTRUMENTS if one.id == CALL)
    sol = Asset(AssetId("test:SOL"), "SOL", "Solana", AssetKind.CRYPTO, 9)
    option = replace(terms, base=sol.id, quote=USDT, settle=USDT)
    simple.positions("okx-1", START, (CALL, "20", "3"))
    simple.fact("", Quote(CALL, USDT, QuoteKind.MARK, Decimal(4)), START)
    changes = {"instruments": (option,), "assets": (*BUILTIN_ASSETS, sol)}
    line = found(simple.strike("alpha", START, **changes), CALL)
    assert (line.value_usd, line.exposure_usd, line.gross_exposure_usd) == (8, None, None)
    assert line.notes == ("exposure unknown: test:SOL has no price",)


def test_income_of_a_period_is_the_sum_of_what_came(simple: House) -> None:
    first = simple.strike("alpha", START)
    for hour, number in ((1, "3"), (2, "4.5"), (3, "-1")):
        simple.cash("okx-1", START + hour * HOUR, CashKind.FUNDING, number, USDT)
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "10006.5"})
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    result = simple.strike("alpha", NEXT, first.funds)
    assert result.nodes[0].funding_usd == Decimal("6.5")


def test_both_legs_of_a_hedged_pair_are_valued(simple: House) -> None:
    simple.positions("okx-1", START, (PERP, "5", "100"), (PERP, "-5", "110"))
    simple.mark(START, PERP, "105")
    result = simple.strike("alpha", START)
    assert result.root.nav_usd == 60050
    assert result.nodes[0].gross_exposure_usd == 50000 + 1050
    assert result.nodes[0].net_exposure_usd == 50000


def test_a_closed_position_needs_no_price(simple: House) -> None:
    simple.positions("okx-1", START, (PERP, "0", "0"))
    result = simple.strike("alpha", START)
    assert (result.failures, len(result.root.lines)) == ((), 2)


def test_position_without_terms_is_unpriced(simple: House) -> None:
    simple.positions("okx-1", START, ("okx:NEW", "5", "100"))  # type: ignore[arg-type]
    result = simple.strike("alpha", START)
    assert kinds(result) == [FailureKind.UNKNOWN_INSTRUMENT]
    assert values(result)["alpha", "okx:NEW"] is None


def test_shared_account_is_split_and_counted_once(house: House) -> None:
    house.fund()
    for book in ("arb", "trend", "rest"):
        house.node(book, NodeKind.BOOK, "alpha")
    house.account(
        "okx-1",
        ("arb", ByInstrument((PERP,))),
        ("trend", ByAsset((ETH,))),
        ("trend", ByShare(Decimal(1) / 3)),
        ("rest", ByShare(Decimal(1))),
    )
    house.prices(START, {BTC: "50000", ETH: "2500", USDT: "1"})
    house.mark(START, PERP, "50100")
    house.balances("okx-1", START, {BTC: "1", ETH: "2"})
    house.positions("okx-1", START, (PERP, "1", "50000"))
    result = house.strike("alpha", START)
    assert result.root.nav_usd == 50000 + 5000 + 100
    by_node = {one.node: one.value_usd for one in result.nodes}
    assert by_node["arb"] == 100
    assert by_node["trend"] + by_node["rest"] == 55000
    assert by_node["alpha"] == 55100


def test_what_no_rule_takes_is_counted_once_and_blocks(house: House) -> None:
    house.fund()
    house.account("okx-1", ("alpha", ByAsset((BTC,))))
    house.prices(START, {BTC: "50000", USDT: "1"})
    house.balances("okx-1", START, {BTC: "1", USDT: "7"})
    result = house.strike("alpha", START)
    assert kinds(result) == [FailureKind.UNASSIGNED]
    assert values(result)["alpha~unassigned", USDT] == 7
    assert {one.node: one.value_usd for one in result.nodes} == {"alpha": 50007, "alpha~unassigned": 7}
    assert result.quality is Quality.PROVISIONAL


def test_tags_divide_by_fills_over_several_navs(house: House) -> None:
    house.fund()
    for book in ("arb", "rest"):
        house.node(book, NodeKind.BOOK, "alpha")
    house.account("okx-1", ("arb", ByTag("arb")), ("rest", ByShare(Decimal(1))))
    previous: tuple[Any, ...] = ()
    spot_total, perp_total = Decimal(0), Decimal(0)
    for day, tag in enumerate((None, "arb", "arb", None)):
        at = START + day * DAY
        house.trade("okx-1", at - HOUR, PERP, "2", "50000", tag=tag)
        house.trade("okx-1", at - HOUR, SPOT, "1", "50000", cost=("-50000", USDT), tag=tag)
        spot_total, perp_total = spot_total + 1, perp_total + 2
        house.prices(at, {BTC: "50000", USDT: "1"})
        house.mark(at, PERP, "50010")
        house.balances("okx-1", at, {BTC: str(spot_total), USDT: str(500000 - 50000 * spot_total)})
        house.positions("okx-1", at, (PERP, str(perp_total), "50000"))
        result = house.strike("alpha", at, previous)
        previous = result.funds
        assert result.root.gross_asset_value_usd == 500000 + 10 * perp_total
    held = {(one.node, one.subject): one.quantity for one in result.root.lines}
    assert held["arb", PERP] == held["rest", PERP] == 4
    assert held["arb", BTC] == held["rest", BTC] == 2
    assert (held["arb", USDT], held["rest", USDT]) == (-100000, 400000)


def test_expiry_closes_what_tags_hold(house: House) -> None:
    house.fund()
    for book in ("arb", "rest"):
        house.node(book, NodeKind.BOOK, "alpha")
    house.account("okx-1", ("arb", ByTag("arb")), ("rest", ByShare(Decimal(1))))
    house.trade("okx-1", START, CALL, "8", "0.05", cost=("-0.04", BTC), tag="arb")
    house.trade("okx-1", START, CALL, "-3", "0.05", cost=("0.015", BTC))
    house.settlement("okx-1", START + HOUR, CALL, "-5", "61000", "0.01")
    house.prices(START + HOUR, {BTC: "50000"})
    house.balances("okx-1", START + HOUR, {BTC: "1"})
    house.positions("okx-1", START + HOUR)
    result = house.strike("alpha", START + HOUR)
    assert [one.subject for one in result.root.lines] == [BTC]


def test_expiry_ends_what_tags_hold_of_a_closed_position_though_nobody_settles_it(house: House) -> None:
    expiry = datetime(2026, 3, 27, 8, tzinfo=UTC)
    house.fund()
    for book in ("arb", "rest"):
        house.node(book, NodeKind.BOOK, "alpha")
    house.account("okx-1", ("arb", ByTag("arb")), ("rest", ByShare(Decimal(1))))
    house.trade("okx-1", expiry - HOUR, CALL, "8", "0.05", cost=("-0.04", BTC), tag="arb")
    house.trade("okx-1", expiry - HOUR, CALL, "-8", "0.05", cost=("0.04", BTC))
    for at in (expiry - HOUR, expiry):
        house.prices(at, {BTC: "50000"})
        house.balances("okx-1", at, {BTC: "1"})
        house.positions("okx-1", at)
    house.mark(expiry - HOUR, CALL, "0.05")
    before = house.strike("alpha", expiry - HOUR)
    assert [one.quantity for one in before.root.lines if one.subject == CALL] == [8, -8]
    after = house.strike("alpha", expiry, before.funds)
    assert [one.subject for one in after.root.lines] == [BTC]
    assert after.root.bridge is not None
    assert after.root.bridge.unexplained_usd == 0
    assert {row.subject for row in after.root.reconciliation} == {BTC}


def test_two_classes_pay_their_own_fee(house: House) -> None:
    house.fund()
    house.share_class("a", "alpha", "0.02")
    house.share_class("b", "alpha", "0.01", EUR)
    house.whole("okx-1", "alpha")
    house.prices(START, {USD: "1", USDT: "1"})
    house.prices(START, {EUR: "1.25"}, "ecb")
    house.balances("okx-1", START, {USDT: "20000000"})
    house.deal("alpha", START, "100000", "10000000", share_class="a")
    house.deal("alpha", START, "80000", "8000000", share_class="b", asset=EUR)
    first = house.strike("alpha", START)
    house.prices(NEXT, {USDT: "1"})
    house.balances("okx-1", NEXT, {USDT: "20000000"})
    second = house.strike("alpha", NEXT, first.funds)
    fees = {one.share_class: one.accrued_fee_usd for one in second.root.classes}
    # FA-01: one day of 2 % on ten million, ACT/365.
    assert fees == {"a": Decimal("547.945205479452054795"), "b": Decimal("273.972602739726027397")}
    assert second.root.nav_usd == Decimal("19999178.082191780821917808")
    assert second.root.classes[1].nav_currency == Decimal("7999780.821917808219178082")
    assert second.root.bridge is not None
    assert second.root.bridge.fee_usd == Decimal("-821.917808219178082192")


def test_fee_compounds_over_daily_navs_like_fa01(house: House) -> None:
    house.fund()
    house.share_class("a", "alpha", "0.02")
    house.whole("okx-1", "alpha")
    house.deal("alpha", START, "100000", "10000000", share_class="a")
    previous: tuple[Any, ...] = ()
    for day in range(32):
        at = START + day * DAY
        house.prices(at, {USDT: "1"})
        house.prices(START, {EUR: "1.25", BTC: "1"})
        house.balances("okx-1", at, {USDT: "10000000"})
        previous = house.strike("alpha", at, previous).funds
    assert round(previous[-1].accrued_fees_usd, 4) == Decimal("16972.3474")


def test_fee_payment_settles_the_accrual(house: House) -> None:
    house.fund()
    house.share_class("a", "alpha", "0.0365")
    house.whole("okx-1", "alpha")
    house.deal("alpha", START, "100", "100000", share_class="a")
    house.prices(START, {USDT: "1"})
    house.balances("okx-1", START, {USDT: "100000"})
    first = house.strike("alpha", START)
    house.prices(NEXT, {USDT: "1"})
    house.pay_fee("alpha", "a", NEXT, "10")
    house.transfer("okx-1", NEXT, "-10", USDT)
    house.balances("okx-1", NEXT, {USDT: "99990"})
    second = house.strike("alpha", NEXT, first.funds)
    assert (second.root.nav_usd, second.root.accrued_fees_usd) == (99990, 0)
    bridge = second.root.bridge
    assert bridge is not None
    assert (bridge.fee_usd, bridge.flow_usd, bridge.unexplained_usd, bridge.unmatched_flow_usd) == (
        -10,
        0,
        0,
        0,
    )


def test_first_accrual_runs_from_each_subscription(house: House) -> None:
    house.fund()
    house.share_class("a", "alpha", "0.0365")
    house.whole("okx-1", "alpha")
    house.prices(START, {USDT: "1"})
    house.balances("okx-1", START, {USDT: "150000"})
    house.deal("alpha", START - 10 * DAY, "100", "100000", share_class="a")
    house.deal("alpha", START - 5 * DAY, "50", "50000", share_class="a")
    assert house.strike("alpha", START).root.accrued_fees_usd == 100 + 25


def test_fa26_dealing_at_the_nav_per_unit(house: House) -> None:
    house.fund(classes=True)
    house.whole("okx-1", "alpha")
    house.prices(START, {USDT: "1"})
    house.balances("okx-1", START, {USDT: "5000000"})
    house.deal("alpha", START, "40000", "5000000")
    first = house.strike("alpha", START)
    assert first.root.classes[0].nav_per_unit_usd == 125
    later = START + HOUR
    house.deal("alpha", later, "1980", "247500")
    house.deal("alpha", later, "1000", "121250", redeem=True)
    house.transfer("okx-1", later, "247500", USDT)
    house.transfer("okx-1", later, "-121250", USDT)
    house.prices(later, {USDT: "1"})
    house.balances("okx-1", later, {USDT: "5126250"})
    second = house.strike("alpha", later, first.funds)
    share_class = second.root.classes[0]
    assert (second.root.nav_usd, share_class.units) == (5126250, 40980)
    assert round(share_class.nav_per_unit_usd or Decimal(0), 6) == Decimal("125.091508")
    assert second.root.bridge is not None
    assert (second.root.bridge.flow_usd, second.root.bridge.unmatched_flow_usd) == (126250, 0)


def test_capital_without_a_class_to_own_it_blocks(simple: House) -> None:
    inputs = simple.inputs("alpha", START)
    bare = replace(inputs, facts=tuple(one for one in inputs.facts if one.kind != "dealing"))
    result = strike_nav(bare)
    assert kinds(result) == [FailureKind.INVARIANT]
    assert result.root.nav_usd == 60000
    assert result.root.classes[0].nav_per_unit_usd is None


def test_capital_without_units_blocks(simple: House) -> None:
    simple.facts.pop()
    simple.deal("alpha", START, "0", "60000")
    assert kinds(simple.strike("alpha", START)) == [FailureKind.INVARIANT]


def test_a_dealing_that_came_late_blocks_until_restated(simple: House) -> None:
    first = simple.strike("alpha", START)
    simple.deal("alpha", START - HOUR, "1", "1000")
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "10000"})
    assert FailureKind.UNIT_COUNT in kinds(simple.strike("alpha", NEXT, first.funds))
    restated = simple.strike("alpha", START)
    mended = simple.strike("alpha", NEXT, first.funds, previous_restated=restated.funds)
    assert FailureKind.UNIT_COUNT not in kinds(mended)


def test_fund_without_classes_is_worth_its_assets(house: House) -> None:
    house.fund()
    house.whole("okx-1", "alpha")
    house.prices(START, {USDT: "1"})
    house.balances("okx-1", START, {USDT: "7"})
    assert house.strike("alpha", START).root.nav_usd == 7


def test_a_fund_of_which_nothing_was_read_is_missing(house: House) -> None:
    house.fund()
    house.whole("okx-1", "alpha")
    coverage = house.strike("alpha", START).coverage
    assert (coverage.missing, coverage.api) == (1, 0)


def test_a_fund_of_which_nothing_has_a_price_is_missing(house: House) -> None:
    house.fund()
    house.whole("okx-1", "alpha")
    house.balances("okx-1", START, {BTC: "1"})
    coverage = house.strike("alpha", START).coverage
    assert (coverage.missing, coverage.api) == (1, 0)


def test_an_empty_fund_is_covered(house: House) -> None:
    house.fund()
    result = house.strike("alpha", START)
    assert (result.root.nav_usd, result.coverage.api) == (0, 1)


def test_account_of_another_fund_does_not_count(simple: House) -> None:
    simple.fund("beta")
    simple.account("shared", ("alpha", ByShare(Decimal("0.25"))), ("beta", ByShare(Decimal(1))))
    simple.whole("foreign", "beta")
    simple.balances("shared", START, {USDT: "1000"})
    simple.balances("foreign", START, {USDT: "1000"})
    assert simple.strike("alpha", START).root.gross_asset_value_usd == 60250
    assert simple.strike("beta", START).root.gross_asset_value_usd == 1750


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "nav/0"}, "method"),
        ({"fund": "book"}, "not a fund"),
        ({"accounts": ()}, "not among the inputs"),
    ],
)
def test_contradicting_inputs_are_refused(simple: House, change: dict[str, Any], message: str) -> None:
    simple.node("book", NodeKind.BOOK, "alpha")
    with pytest.raises(NavInputError, match=message):
        strike_nav(replace(simple.inputs("alpha", START), **change))


def test_two_hundred_lines_in_a_tenth_of_a_second(house: House) -> None:
    house.fund()
    house.share_class("a", "alpha", "0.02")
    house.deal("alpha", START, "1", "1000", share_class="a")
    assets = [AssetId(f"slip44:{number}") for number in range(2, 22)]
    for name in range(10):
        house.whole(f"acc-{name}", "alpha")
        house.balances(f"acc-{name}", START, dict.fromkeys(assets, "1.5"))
    house.prices(START, dict.fromkeys(assets, "3.25"))
    inputs = house.inputs("alpha", START)
    times = []
    for _ in range(5):
        began = time.perf_counter()
        assert len(strike_nav(inputs).root.lines) == 200
        times.append(time.perf_counter() - began)
    assert min(times) < 0.1


def test_amounts_in_a_dealing_currency_without_price_block(simple: House) -> None:
    doge = AssetId("slip44:3")
    simple.deal("alpha", START, "1", "10", asset=doge)
    result = simple.strike("alpha", START)
    assert {one.subject for one in result.failures} == {doge, "alpha-a"}
    assert Amount(Decimal(10), doge).asset == doge

"""The ready rule files do what their issuers say, on marks small enough to check by hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from tests.connect.products.support import D, at, kinds, product, run

from truenav.calc.etp.engine.calendar import instant_of, instants, microseconds
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.engine.many_paths import Path as BulkPath
from truenav.calc.etp.engine.simulate import simulate
from truenav.calc.etp.engine.simulate_many import simulate_many
from truenav.connect.products.rules import (
    UnknownFamilyError,
    families,
    family_text,
    read_family,
    read_products,
)
from truenav.connect.products.writing import write_products
from truenav.core.money import exact
from truenav.core.product import Aim

ROOT = Path(__file__).parents[3]
GOLDEN = json.loads((ROOT / "tests" / "golden" / "etp" / "family_triggers.json").read_text("utf-8"))
PUBLISHED = ROOT.parent / "shared" / "data" / "leveraged_tokens" / "published_examples.json"


@pytest.fixture(autouse=True)
def _exactly():
    with exact():
        yield


def near(number, relative="1e-30"):
    return pytest.approx(D(number), rel=D(relative), abs=D("1e-30"))


# --- all of them -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("family", families())
def test_a_family_reads_and_says_where_it_is_from_and_what_was_assumed(family):
    products = read_family(family)
    assert len({one.id for one in products}) == len(products)
    for one in products:
        assert one.sources
        assert all(source.address.startswith("http") and source.note for source in one.sources)
        assert one.assumptions
        assert one.terms[0].since.tzinfo is UTC


@pytest.mark.parametrize("family", families())
def test_a_family_that_is_written_reads_as_the_same_products(family):
    products = read_family(family)
    assert read_products(write_products(products), name="written") == products


def test_every_issuer_of_the_requirement_has_its_family():
    assert set(families()) == {
        "amun",
        "ascendex",
        "binance",
        "ftx",
        "gate-3x",
        "gate-5x",
        "hbtc",
        "huobi",
        "index-coop-fli",
        "kucoin",
        "kucoin-updown",
        "mexc",
        "pionex",
        "toros",
    }


@pytest.mark.parametrize("name", ["nobody", "../rules", "", "ftx.yaml"])
def test_a_family_that_is_not_there_is_refused_with_those_that_are(name):
    with pytest.raises(UnknownFamilyError, match="hbtc, huobi"):
        read_family(name)


@pytest.mark.parametrize("family", families())
def test_a_family_in_bulk_does_what_it_does_exactly(family):
    """Forty days of hours with large moves, across the last change of the rules where there is one."""
    rebalanced = 0
    for seed, one in enumerate(read_family(family)):
        begin = one.terms[-1].since + timedelta(days=-20 if len(one.terms) > 1 else 1)
        hours = np.arange(960) * 3_600_000_000 + microseconds(begin)
        moves = np.random.default_rng(seed).standard_normal(hours.size) * 0.02
        prices = [round(D(float(price)), 4) for price in 1000 * np.exp(np.cumsum(moves))]
        exactly = simulate(one, History(hours.tolist(), prices))
        found = simulate_many([one], [BulkPath(hours, np.array([float(price) for price in prices]))])
        assert (found.scheduled[0], found.triggered[0]) == (exactly.scheduled, exactly.triggered)
        assert float(found.nav[0]) == pytest.approx(float(exactly.nav), rel=1e-10)
        assert [merge for _, merge in found.merges] == list(exactly.merges)
        rebalanced += exactly.scheduled + exactly.triggered
    assert rebalanced > 0


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: f"{case['product']} {case['move']}")
def test_the_trigger_fires_at_its_price_and_not_before(case):
    begin, later = (f"{case['on']}T{hour}:00Z" for hour in ("10", "11"))
    fired = run(case["family"], case["product"], (begin, case["from"]), (later, case["fires"]))
    quiet = run(case["family"], case["product"], (begin, case["from"]), (later, case["quiet"]))
    assert kinds(fired) == ["triggered"]
    assert fired.events[0].leverage == near(case["to"])
    assert quiet.triggered == 0
    assert quiet.closing == quiet.opening


@pytest.mark.parametrize("case", GOLDEN["never"], ids=lambda case: f"{case['product']} to {case['to']}")
def test_the_winning_side_waits_for_the_schedule(case):
    begin, later = (f"{case['on']}T{hour}:00Z" for hour in ("10", "11"))
    assert run(case["family"], case["product"], (begin, case["from"]), (later, case["to"])).triggered == 0


# --- FTX -------------------------------------------------------------------------------------------------


def test_ftx_rebalances_at_two_past_midnight():
    result = run(
        "ftx",
        "BULL",
        ("2021-06-01T12:00Z", 100),
        ("2021-06-02T00:01Z", 105),
        ("2021-06-02T00:02Z", 105),
    )
    (event,) = result.events
    assert (event.at, event.kind.value) == (at("2021-06-02T00:02Z"), "scheduled")
    assert event.leverage_before == near(D(315) / D(115))
    assert event.leverage == near(3)


def test_ftx_published_order_of_ethbull():
    """150 ETH and a debt of 20,000 at 210: NAV 11,500, 2.74x, and 14.2857 ETH to buy."""
    price = D(20_000) / D(100)  # 150 ETH are 3x where NAV is 50 ETH, so at 200
    result = run(
        "ftx", "ETHBULL", ("2021-06-01T12:00Z", price), ("2021-06-02T00:02Z", 210), nav=str(150 * price / 3)
    )
    (event,) = result.events
    assert (event.nav, event.held) == (near(11_500), near(150))
    assert event.leverage_before == near("2.739130434782608695652173913", "1e-26")
    assert event.trade == near("14.28571428571428571428571429", "1e-26")


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published examples are not on this machine")
def test_ftx_published_table_of_daily_returns():
    cases = json.loads(PUBLISHED.read_text("utf-8"))["ftx_faq_daily_rebalance"]["cases"]
    assert len(cases) == 3
    for case in cases:
        marks = [(f"2021-06-0{day}T00:02Z", price) for day, price in enumerate(case["prices"], start=1)]
        nav = run("ftx", "BULL", *marks).nav
        places = Decimal(1).scaleb(Decimal(str(case["token_return_pct_published"])).as_tuple().exponent)
        assert (nav - 100).quantize(places) == Decimal(str(case["token_return_pct_published"]))


# --- Huobi -----------------------------------------------------------------------------------------------


def test_huobi_takes_its_fee_before_the_day_of_utc_plus_8_ends():
    """170 becomes 169.83 at 23:55, and the rebalance at midnight is sized on that."""
    result = run(
        "huobi",
        "BTC*3",
        ("2021-06-01T12:00Z", 100),
        ("2021-06-01T15:55Z", 100),
        ("2021-06-01T16:00Z", 101),
        nav="170",
    )
    fee, rebalance = result.events
    assert (fee.kind.value, fee.nav) == ("charge", near("169.83"))
    assert rebalance.kind.value == "scheduled"
    assert rebalance.nav == near(D("169.83") + 170 * 3 * D("0.01"))


# --- Gate ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "happens"), [("100.9", "charge"), ("101", "scheduled"), ("98.9", "scheduled")]
)
def test_gate_rebalances_at_midnight_only_after_a_move_of_1_percent(price, happens):
    result = run("gate-3x", "BTC3L", ("2025-06-01T12:00Z", 100), ("2025-06-01T16:00Z", price))
    assert kinds(result) == [happens]
    paid = result.events[0].fees
    assert paid == near(D("0.001") * (100 + 3 * (D(price) - 100)))


def test_gate_is_rebalanced_once_when_the_target_changes_though_nothing_moved():
    result = run(
        "gate-3x",
        "BTC3L",
        ("2025-03-31T17:00Z", 100),
        ("2025-04-01T15:59Z", 100),
        ("2025-04-01T16:00Z", 100),
        ("2025-04-02T16:00Z", 100),
    )
    change, after = result.events
    assert result.opening.position == near("2.3")
    assert (change.kind.value, change.leverage) == ("scheduled", near(3))
    assert change.at == at("2025-04-01T16:00Z")
    assert after.kind.value == "charge"


@pytest.mark.parametrize(("price", "fires"), [("80", True), ("84.7", True), ("84.8", False)])
def test_gate_before_april_2025_held_2_3x_and_cut_at_3x(price, fires):
    result = run("gate-3x", "BTC3L", ("2025-03-10T12:00Z", 100), ("2025-03-10T13:00Z", price))
    assert (result.triggered == 1) is fires
    assert not fires or result.events[0].leverage == near("2.3")


def test_gate_pays_no_funding():
    rates = [("2025-06-01T08:00Z", "0.01")]
    marks = (("2025-06-01T07:00Z", 100), ("2025-06-01T09:00Z", 100))
    assert run("gate-3x", "BTC3L", *marks, rates=rates).nav == 100
    assert run("hbtc", "BTC3L", *marks, rates=rates).nav == near(97)


# --- KuCoin ----------------------------------------------------------------------------------------------


def test_kucoin_rebalances_in_four_parts_and_takes_the_fee_with_the_last():
    times = ("23:29", "23:30", "23:35", "23:40", "23:45", "23:50")
    result = run(
        "kucoin", "BTC3L", ("2021-06-01T12:00Z", 100), *((f"2021-06-01T{time}Z", 110) for time in times)
    )
    assert kinds(result) == ["scheduled"] * 4
    leverages = [event.leverage for event in result.events]
    assert leverages[0] == near(D(330) / 130 + (3 - D(330) / 130) / 4)
    assert all(before < after for before, after in pairwise(leverages))
    assert leverages[-1] == near(3)
    assert [event.fees for event in result.events[:-1]] == [0, 0, 0]
    assert result.events[-1].fees == near(D("0.0005") * 130)


def test_kucoin_deals_three_times_a_day():
    dealing = product("kucoin", "BTC3L").terms[0].dealing
    found = instants(dealing.at, at("2021-06-01T00:00Z"), at("2021-06-02T00:00Z"))
    assert [f"{instant_of(one):%d %H}" for one in found] == ["01 08", "01 16", "02 00"]
    assert (dealing.creation_fee, dealing.redemption_fee, dealing.daily_cap) == (
        D("0.001"),
        D("0.001"),
        30_000,
    )


def test_kucoin_eth3l_follows_its_own_page_from_its_date_on():
    early, late = product("kucoin", "ETH3L").terms
    assert (early.trigger.adverse_move, late.trigger.adverse_move) == (D("0.15"), D("0.14"))
    assert (early.schedules[0].batches, late.schedules[0].batches) == (4, 1)
    assert early.dealing == late.dealing


# --- HBTC ------------------------------------------------------------------------------------------------


def test_hbtc_takes_the_fee_at_two_past_midnight_and_sizes_the_rebalance_on_what_is_left():
    result = run("hbtc", "BTC3L", ("2021-06-01T12:00Z", 100), ("2021-06-02T00:02Z", 105))
    (event,) = result.events
    assert (event.nav_before, event.nav) == (near(115), near("114.9655"))
    assert event.position == near(3 * D("114.9655") / 105)


def test_hbtc_merges_20_to_1_when_a_nav_at_or_below_0_05_is_published():
    start = D("0.0431") / D("0.9997")
    result = run("hbtc", "BTC3L", ("2021-06-01T12:00Z", 100), ("2021-06-02T00:02Z", 100), nav=str(start))
    assert [(merge.ratio, merge.at) for merge in result.merges] == [(20, at("2021-06-02T00:02Z"))]
    assert result.published == ((at("2021-06-02T00:02Z"), near("0.0431")),)
    above = run("hbtc", "BTC3L", ("2021-06-01T12:00Z", 100), ("2021-06-02T00:02Z", 100), nav="0.0501")
    assert above.merges == ()


def test_hbtc_after_a_merge_the_published_nav_is_20_times_as_high():
    result = run(
        "hbtc",
        "BTC3L",
        ("2021-06-01T12:00Z", 100),
        ("2021-06-02T00:02Z", 100),
        ("2021-06-03T00:02Z", 100),
        nav="0.05",
    )
    (_, first), (_, second) = result.published
    assert first == near(D("0.05") * D("0.9997"))
    assert second == near(first * D("0.9997") * 20)


# --- MEXC ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "nav", "merged"),
    [
        ("2021-06-01", "0.08", False),
        ("2021-06-01", "0.05", True),
        ("2021-11-01", "0.08", True),
        ("2021-11-01", "0.11", False),
    ],
)
def test_mexc_merges_below_the_limit_of_its_time(day, nav, merged):
    result = run("mexc", "BTC3L", (f"{day}T12:00Z", 100), (f"{day}T16:00Z", 100), nav=nav)
    assert [merge.ratio for merge in result.merges] == ([10] if merged else [])


@pytest.mark.parametrize(("id", "fee"), [("FILECOIN3L", "2"), ("BTC3L", "0.001")])
def test_mexc_the_same_day_costs_2_percent_of_one_product_and_a_thousandth_of_a_percent_of_another(id, fee):
    result = run("mexc", id, ("2020-11-01T12:00Z", 100), ("2020-11-01T16:00Z", 100))
    assert result.events[0].fees == near(fee)


# --- AscendEX, Pionex, Amun ------------------------------------------------------------------------------


@pytest.mark.parametrize(("id", "rate"), [("BTC3L", "0.001"), ("BTC5S", "0.00167")])
def test_ascendex_charges_three_times_a_day_on_what_the_last_charge_left(id, rate):
    hours = ("08:00", "16:00")
    result = run(
        "ascendex",
        id,
        ("2022-07-01T03:00Z", 100),
        *((f"2022-07-01T{hour}Z", 100) for hour in hours),
        ("2022-07-02T00:00Z", 100),
    )
    assert kinds(result) == ["charge"] * 3
    assert result.nav == near(100 * (1 - D(rate)) ** 3)


@pytest.mark.parametrize(
    ("price", "happens"), [("100.2", []), ("100.3", ["scheduled"]), ("99.7", ["scheduled"])]
)
def test_pionex_5x_is_left_alone_within_4_95_and_5_05(price, happens):
    result = run("pionex", "BTC5L", ("2022-06-01T12:00Z", 100), ("2022-06-01T23:00Z", price))
    assert [kind for kind in kinds(result) if kind != "charge"] == happens


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        ("2024-03-30", "16:00"),
        ("2024-03-31", "15:00"),  # clocks went forward in the night
        ("2024-10-26", "15:00"),
        ("2024-10-27", "16:00"),  # and back
    ],
)
def test_amun_rebalances_at_17_on_the_clocks_of_central_europe(day, utc):
    schedule = product("amun", "BTC3L").terms[0].schedules[0]
    assert list(instants(schedule.at, at(f"{day}T00:00Z"), at(f"{day}T23:59Z"))) == [at(f"{day}T{utc}Z")]


@pytest.mark.parametrize(("day", "utc"), [("2024-03-31", "15:00"), ("2024-10-27", "16:00")])
def test_amun_on_the_days_on_which_clocks_change_is_rebalanced_once(day, utc):
    hours = [(f"{day}T{hour:02d}:00Z", 100 + hour % 2) for hour in range(1, 24)]
    result = run("amun", "BTC3L", *hours)
    assert [event.at for event in result.events] == [at(f"{day}T{utc}Z")]


# --- Index Coop and Toros --------------------------------------------------------------------------------


@pytest.mark.parametrize("price", ["88.5", "90", "95", "100", "110", "120", "121"])
@pytest.mark.parametrize(
    ("id", "speed", "low", "high"), [("ETH2x-FLI", "0.05", "1.7", "2.3"), ("BTC2x-FLI", "0.1", "1.8", "2.2")]
)
def test_fli_recentres_by_its_formula(id, speed, low, high, price):
    """CLR' = max(MINLR, min(MAXLR, CLR (1 - RS) + TLR RS)), by schedule as by a breach of the range."""
    fee = D("0.0195") / 365
    result = run("index-coop-fli", id, ("2021-06-01T12:00Z", 100), ("2021-06-02T00:00Z", price))
    (event,) = result.events
    assert event.kind.value == "scheduled"
    value = (100 + 2 * (D(price) - 100)) * (1 - fee)
    current = 2 * D(price) / value
    wanted = max(D(low), min(D(high), current * (1 - D(speed)) + 2 * D(speed)))
    assert event.nav == near(value)
    assert event.leverage == near(wanted)


@pytest.mark.parametrize("price", ["80", "88", "88.4", "121.5", "125", "150"])
def test_fli_outside_of_its_range_goes_the_same_way_at_once(price):
    result = run("index-coop-fli", "ETH2x-FLI", ("2021-06-01T12:00Z", 100), ("2021-06-01T13:00Z", price))
    (event,) = result.events
    current = 2 * D(price) / (100 + 2 * (D(price) - 100))
    assert event.kind.value == "triggered"
    assert event.leverage == near(max(D("1.7"), min(D("2.3"), current * D("0.95") + D("0.1"))))


def test_fli_a_year_costs_its_streaming_fee():
    fee = product("index-coop-fli", "ETH2x-FLI").terms[0].fees[0]
    assert fee.rate * 365 == near("0.0195")


def test_toros_stays_on_the_edge_that_it_went_to():
    result = run(
        "toros",
        "BTCBULL2X",
        ("2023-06-01T12:00Z", 1200),
        ("2023-06-01T12:01Z", 1090),
        ("2023-06-01T12:02Z", 1090),
        ("2023-06-01T12:03Z", 1089),
    )
    assert [event.leverage for event in result.events] == [near("2.2"), near("2.2")]
    assert [event.at for event in result.events] == [at("2023-06-01T12:01Z"), at("2023-06-01T12:03Z")]
    assert product("toros", "BTCBULL2X").terms[0].trigger.aim is Aim.EDGE


# --- Binance ---------------------------------------------------------------------------------------------


def test_binance_hides_its_target_and_lets_orders_range_90_percent_around_nav():
    one = product("binance", "BTCUP")
    assert [terms.target_is_published for terms in one.terms] == [False]
    assert one.terms[0].price_band == D("0.9")
    assert one.terms[0].dealing.halts_while_rebalancing
    assert one.until == datetime(2024, 4, 3, tzinfo=UTC)
    assert "Target" not in family_text("binance").splitlines()[0]


def test_binance_pays_a_ten_thousandth_a_day_at_midnight_and_is_not_rebalanced_then():
    result = run("binance", "BTCUP", ("2021-06-01T12:00Z", 100), ("2021-06-02T00:00Z", 110))
    (event,) = result.events
    assert (event.kind.value, event.fees) == ("charge", near(D("0.0001") * 122))

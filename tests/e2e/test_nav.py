"""The product against the oracle: every fund, class and numeraire, digit for digit, at many instants."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from tests.e2e.compare import assert_coverage, expected, lines_expected, lines_shown, shown
from tests.e2e.conftest import Struck, Walk, after, walked

from truenav.app.sources.gather import gather
from truenav.calc.nav.model import Quality, ReconciliationStatus
from truenav.core.money import exact
from truenav.proving.equity import equity
from truenav.store.postgres import EmbeddedPostgres

NUMERAIRES = {"USD", "USDT", "USDC", "EUR", "GBP", "HKD", "SGD", "JPY", "CNY", "BTC", "ETH", "TIDE60"}
MIDNIGHT = "closing prices of a midnight"
INSTANTS = {
    "option expiry and funding, to the second": after(6, 8),
    "after deposits, withdrawals, redemptions and subscriptions": after(7, 15, 1),
    "manual items, in the middle of a bar": after(8, 21, 17),
}
FORTNIGHT = (
    after(6, 8),
    after(6, 8, 1),
    after(6, 11, 59),
    after(6, 12),
    after(6, 13),
    after(7, 12),
    after(7, 15),
    after(8, 18),
    after(8, 20),
    after(9, 0, 1),
    after(9, 16),
    after(12, 16),
    after(14, 3, 33),
)


@pytest.mark.timeout(300)
def test_the_demo_fund_equals_the_oracle_at_every_instant(
    postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with walked(postgres_server, tmp_path, after(6, 7)) as walk:
        navs = {MIDNIGHT: walk.history()[-1]}
        last = navs[MIDNIGHT]
        for name, instant in INSTANTS.items():
            if last is not navs[MIDNIGHT]:  # the demo published that one
                walk.publish(last)
            walk.clock.set(instant)
            navs[name] = last = walk.strike()
            assert_equity_is_the_venues_truth(walk, last)
            assert_reconciled(last, ReconciliationStatus.OK)
        assert_reconciled(navs[MIDNIGHT], ReconciliationStatus.NO_OPENING)
        for struck in navs.values():
            assert_figures(walk, struck)
            assert_lines_and_coverage(struck)
        for before, now in pairwise(navs.values()):
            assert_bridged(before, now)
        assert_a_second_gathering_brings_nothing_new(walk, last)


@pytest.mark.nightly
@pytest.mark.timeout(1800)
def test_a_fortnight_of_navs_each_published(postgres_server: EmbeddedPostgres, tmp_path: Path) -> None:
    with walked(postgres_server, tmp_path, after(6, 7), history_days=(3, 2, 1)) as walk:
        before = walk.history()
        for struck in before:
            assert_figures(walk, struck)
        last = before[-1]
        for instant in FORTNIGHT:
            walk.clock.set(instant)
            struck = walk.strike()
            assert_equity_is_the_venues_truth(walk, struck)
            assert_figures(walk, struck)
            assert_lines_and_coverage(struck)
            assert_reconciled(struck, ReconciliationStatus.OK)
            assert_bridged(last, struck)
            walk.publish(struck)
            last = struck


def assert_equity_is_the_venues_truth(walk: Walk, struck: Struck) -> None:
    """Asset by asset and in US dollars, at the venues' own marks."""
    funds = {one["id"] for one in walk.demo.plan["accounts"]}  # beside them there are those of hedges
    for truth in walk.venues.control("truth", at=struck.result.as_of.isoformat()):
        if truth["account"] not in funds:
            continue
        by_asset, usd = equity(struck.inputs, truth["account"])
        assert by_asset == {asset: Decimal(one["value"]) for asset, one in truth["equity"].items()}
        assert usd == Decimal(truth["usd"]["value"])
        assert not truth["unpriced"]


def assert_figures(walk: Walk, struck: Struck) -> None:
    """Every fund, class and numeraire, digit for digit."""
    numeraires = walk.oracle.numeraires(struck.prices)
    assert numeraires.keys() == NUMERAIRES
    assert {fund.fund for fund in struck.result.funds} == struck.expected.keys()
    for fund in struck.result.funds:
        assert shown(fund) == expected(struck.expected[fund.fund], numeraires), fund.fund


def assert_lines_and_coverage(struck: Struck) -> None:
    """Every line of every sub-book, and the share of value by how it was observed."""
    for fund in struck.result.funds:
        assert lines_shown(fund) == lines_expected(struck.expected[fund.fund]), fund.fund
        assert_coverage(fund.coverage, struck.expected[fund.fund])


def assert_reconciled(struck: Struck, wanted: ReconciliationStatus) -> None:
    assert struck.result.quality is Quality.COMPLETE, struck.result.failures
    assert struck.result.breaks == 0
    rows = [row for fund in struck.result.funds for row in fund.reconciliation]
    assert {row.status for row in rows} == {wanted}
    assert len(rows) > 20


def assert_bridged(before: Struck, now: Struck) -> None:
    opening = {fund.fund: fund.nav_usd for fund in before.result.funds}
    for fund in now.result.funds:
        bridge = fund.bridge
        assert bridge is not None
        assert bridge.previous_as_of == before.result.as_of
        assert bridge.opening_nav_usd == opening[fund.fund]
        assert bridge.closing_nav_usd == fund.nav_usd
        assert bridge.correction_usd == 0
        parts = (
            bridge.price_usd,
            bridge.funding_usd,
            bridge.fee_usd,
            bridge.flow_usd,
            bridge.manual_usd,
            bridge.unexplained_usd,
        )
        with exact():
            assert sum(parts, bridge.opening_nav_usd) == bridge.closing_nav_usd
        assert abs(bridge.unexplained_usd) < Decimal("1e-15")


def assert_a_second_gathering_brings_nothing_new(walk: Walk, last: Struck) -> None:
    for outcome in gather(walk.house, walk.demo.tenant):
        assert (outcome.facts, outcome.failures) == (0, ()), outcome.subject
        assert outcome.duplicates
        assert outcome.problems == (outcome.subject == "vendor")  # it never knew ETH-USD
    again = walk.strike()
    assert again.run.id != last.run.id
    assert [fund.lines for fund in again.result.funds] == [fund.lines for fund in last.result.funds]
    assert_equity_is_the_venues_truth(walk, again)

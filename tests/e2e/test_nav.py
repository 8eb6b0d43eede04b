"""The product against the oracle: every fund, class and numeraire, digit for digit, at many instants."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import pytest
from tests.e2e.compare import assert_coverage, expected, lines_expected, lines_shown, shown
from tests.e2e.conftest import Struck, Walk, after, walked
from tests.e2e.equity import equity

from truenav.app.sources.gather import gather
from truenav.calc.nav.model import Quality, ReconciliationStatus
from truenav.core.money import exact
from truenav.store.postgres import EmbeddedPostgres

NUMERAIRES = {"USD", "USDT", "USDC", "EUR", "GBP", "HKD", "SGD", "JPY", "CNY", "BTC", "ETH", "TIDE60"}
MIDNIGHT = "closing prices of a midnight"
INSTANTS = {
    "option expiry and funding, to the second": after(6, 8),
    "after deposits, withdrawals and redemptions": after(6, 13),
    "after a subscription in another stablecoin": after(7, 15, 1),
    "manual items, in the middle of a bar": after(8, 21, 17),
    "a funding later": after(9, 16, 0),
}


@pytest.fixture(scope="module")
def walk(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    with walked(postgres_server, tmp_path_factory.mktemp("walk"), after(6, 7)) as found:
        yield found


@pytest.fixture(scope="module")
def navs(walk: Walk) -> dict[str, Struck]:
    """Each NAV is published and opens the next one."""
    found = {MIDNIGHT: walk.history()[-1]}
    for name, instant in INSTANTS.items():
        walk.clock.set(instant)
        found[name] = walk.strike()
        walk.publish(found[name])
    return found


@pytest.fixture(params=[MIDNIGHT, *INSTANTS])
def struck(navs: dict[str, Struck], request: pytest.FixtureRequest) -> Struck:
    return navs[request.param]


@pytest.mark.parametrize("name", INSTANTS)
def test_each_accounts_equity_at_the_venues_marks_is_the_venues_truth(
    walk: Walk, navs: dict[str, Struck], name: str
) -> None:
    struck = navs[name]
    for truth in walk.venues.control("truth", at=struck.result.as_of.isoformat()):
        by_asset, usd = equity(struck.inputs, truth["account"])
        assert by_asset == {asset: Decimal(one["value"]) for asset, one in truth["equity"].items()}
        assert usd == Decimal(truth["usd"]["value"])
        assert not truth["unpriced"]


def test_every_figure_equals_the_oracle_digit_for_digit(walk: Walk, struck: Struck) -> None:
    numeraires = walk.oracle.numeraires(struck.prices)
    assert numeraires.keys() == NUMERAIRES
    assert {fund.fund for fund in struck.result.funds} == struck.expected.keys()
    for fund in struck.result.funds:
        assert shown(fund) == expected(struck.expected[fund.fund], numeraires), fund.fund


def test_every_line_of_every_sub_book_equals_the_oracle(struck: Struck) -> None:
    for fund in struck.result.funds:
        assert lines_shown(fund) == lines_expected(struck.expected[fund.fund]), fund.fund
        assert_coverage(fund.coverage, struck.expected[fund.fund])


def test_the_nav_is_complete_and_reconciled(struck: Struck, navs: dict[str, Struck]) -> None:
    assert struck.result.quality is Quality.COMPLETE
    assert struck.result.breaks == 0
    first = struck is navs[MIDNIGHT]
    wanted = ReconciliationStatus.NO_OPENING if first else ReconciliationStatus.OK
    rows = [row for fund in struck.result.funds for row in fund.reconciliation]
    assert {row.status for row in rows} == {wanted}
    assert len(rows) > 20


def test_the_bridge_leads_from_the_last_oracle_nav_to_this_one(navs: dict[str, Struck]) -> None:
    for before, now in pairwise(navs.values()):
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


def test_a_second_gathering_brings_nothing_new_and_the_same_nav(walk: Walk, navs: dict[str, Struck]) -> None:
    for outcome in gather(walk.house, walk.demo.tenant):
        assert (outcome.facts, outcome.failures) == (0, ()), outcome.subject
        assert outcome.duplicates
        assert outcome.problems == (outcome.subject == "vendor")  # it never knew ETH-USD
    again = walk.strike()
    last = navs[list(INSTANTS)[-1]]
    assert again.run.id != last.run.id
    assert [fund.lines for fund in again.result.funds] == [fund.lines for fund in last.result.funds]

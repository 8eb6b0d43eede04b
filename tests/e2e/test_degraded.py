"""One venue killed, one mark stale, one asset unpriced: provisional, by how much, why, and not published."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from tests.e2e.compare import assert_coverage, expected, lines_expected, lines_shown, shown
from tests.e2e.conftest import Struck, Walk, after, walked

from truenav.app.nav.runs import NotPublishableError
from truenav.calc.nav.judge import publishable
from truenav.calc.nav.model import Quality
from truenav.core.asset import ETH, USDC
from truenav.core.failure import FailureKind
from truenav.core.money import exact
from truenav.store.postgres import EmbeddedPostgres

OKX_ACCOUNTS = {"okx-arbitrage", "okx-options", "okx-trend"}


@dataclass(frozen=True)
class Night:
    """The same fund when all was well, forty minutes and three days after a venue went away."""

    walk: Walk
    well: Struck
    soon: Struck
    late: Struck


@pytest.fixture(scope="module")
def night(postgres_server: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with walked(postgres_server, tmp_path_factory.mktemp("night"), after(9, 12, 30)) as walk:
        well = walk.strike()
        walk.publish(well)
        _control(walk, "faults", {"kind": "status", "status": 503, "venue": "okx"})
        mark = {"venue": "binance", "instrument": "BTC-USDT-SWAP", "stale_seconds": 1800}
        _control(walk, "mark", mark)
        walk.clock.advance(timedelta(minutes=40))
        soon = walk.strike(but=("okx",))
        _control(walk, "mark", {"venue": "vendor", "instrument": "USDC-USD", "hidden": True})
        walk.clock.advance(timedelta(days=3, hours=2))
        yield Night(walk, well, soon, walk.strike(but=("okx",)))


def _control(walk: Walk, what: str, document: dict[str, object]) -> None:
    httpx.post(f"{walk.venues.url}/_simulator/{what}", json=document).raise_for_status()


@pytest.fixture(params=["soon", "late"])
def struck(night: Night, request: pytest.FixtureRequest) -> Struck:
    found: Struck = getattr(night, request.param)
    return found


def test_what_is_known_still_equals_the_oracle_and_so_does_each_coverage_share(struck: Struck) -> None:
    assert struck.result.quality is Quality.PROVISIONAL
    for fund in struck.result.funds:
        wanted = struck.expected[fund.fund]
        assert lines_shown(fund) == lines_expected(wanted), fund.fund
        assert_coverage(fund.coverage, wanted)
    assert_coverage(struck.result.coverage, struck.expected["tide"])


def test_the_nav_of_what_is_known_equals_the_oracle(night: Night, struck: Struck) -> None:
    numeraires = night.walk.oracle.numeraires(struck.prices)
    for fund in struck.result.funds:
        assert shown(fund) == expected(struck.expected[fund.fund], numeraires), fund.fund


def test_forty_minutes_later_the_venue_is_stale_and_three_days_later_missing(night: Night) -> None:
    soon, late = night.soon.result.coverage, night.late.result.coverage
    assert soon.api > 0
    assert soon.imported > 0
    assert soon.manual > 0
    assert soon.stale > 0
    assert late.missing > soon.missing
    of_okx = {line.account for fund in night.late.result.funds for line in fund.lines} & OKX_ACCOUNTS
    assert not of_okx
    used = {one.account: one.taken_at for fund in night.late.result.funds for one in fund.snapshots}
    assert {account for account, at in used.items() if at is None} == OKX_ACCOUNTS


def test_nothing_unpriced_is_shown_as_zero(night: Night) -> None:
    lines = [line for fund in night.late.result.funds for line in fund.lines]
    unpriced = [line for line in lines if line.value_usd is None]
    assert {line.subject for line in unpriced} == {USDC, ETH}
    for line in unpriced:
        assert (line.price, line.price_usd, line.exposure_usd) == (None, None, None)
        assert "no price" in " ".join(line.notes)
    for line in lines:
        with exact():
            assert line.value_usd != 0 or line.quantity == 0 or line.price == line.entry_price, line
    codes = {one.code: one.price_usd for one in night.late.result.numeraire_prices}
    assert codes["USDC"] is None
    assert codes["ETH"] is None
    assert codes["TIDE60"] is None
    assert all(one.nav is None for one in night.late.result.root.numeraires if one.code == "TIDE60")


def test_failures_name_cause_and_mend(night: Night, struck: Struck) -> None:
    failures = struck.result.failures
    unread = {one.subject for one in failures if one.kind is FailureKind.ACCOUNT_UNREAD and one.blocking}
    assert {one.split("/")[0] for one in unread} >= OKX_ACCOUNTS
    assert any("503" in one.message and one.subject in OKX_ACCOUNTS for one in failures)
    stale = {one.subject for one in failures if one.kind is FailureKind.PRICE_STALE}
    assert "binance-usdm:BTCUSDT" in stale
    assert all(one.message.strip() and one.mend.strip() for one in failures)
    unpriced = {one.subject for one in failures if one.kind is FailureKind.UNPRICED and one.blocking}
    assert (USDC in unpriced) is (struck is night.late)


def test_it_can_be_approved_by_mistake_but_not_published(night: Night) -> None:
    demo = night.walk.demo
    demo.approve(night.late.run)
    with pytest.raises(NotPublishableError) as refused:
        demo.publish(night.late.run)
    reasons = refused.value.context["reasons"]
    assert list(publishable(night.late.result)) == reasons[: len(publishable(night.late.result))]
    text = " ".join(reasons)
    assert "okx-options" in text
    assert USDC in text
    assert "missing" in text

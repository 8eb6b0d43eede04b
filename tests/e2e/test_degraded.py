"""One venue killed, one mark stale, one asset unpriced: provisional, by how much, why, and not published."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from tests.e2e.compare import assert_coverage, expected, lines_expected, lines_shown, shown
from tests.e2e.conftest import Struck, Walk, after, walked

from truenav.app.nav.runs import NotPublishableError
from truenav.calc.nav.judge import publishable
from truenav.calc.nav.model import NavLine, Quality
from truenav.core.asset import ETH, USDC
from truenav.core.failure import FailureKind
from truenav.store.postgres import EmbeddedPostgres

OKX_ACCOUNTS = {"okx-arbitrage", "okx-options", "okx-trend"}


@pytest.mark.timeout(300)
def test_forty_minutes_and_three_days_without_a_venue(
    postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with walked(postgres_server, tmp_path, after(9, 12, 30)) as walk:
        walk.publish(walk.strike())
        _control(walk, "faults", {"kind": "status", "status": 503, "venue": "okx"})
        stale_mark = {"venue": "binance", "instrument": "BTC-USDT-SWAP", "stale_seconds": 1800}
        _control(walk, "mark", stale_mark)
        walk.clock.advance(timedelta(minutes=40))
        soon = walk.strike(but=("okx",))
        assert_provisional_as_the_oracle_says(walk, soon)
        assert_failures_name_cause_and_mend(soon)
        assert set(unpriced(soon)) == {ETH}  # a wallet's own, priced by the index alone
        coverage = soon.result.coverage
        assert min(coverage.api, coverage.imported, coverage.manual, coverage.stale, coverage.missing) > 0

        _control(walk, "mark", {"venue": "vendor", "instrument": "USDC-USD", "hidden": True})
        walk.clock.advance(timedelta(days=3, hours=2))
        late = walk.strike(but=("okx",))
        assert_provisional_as_the_oracle_says(walk, late)
        assert_failures_name_cause_and_mend(late)
        assert set(unpriced(late)) == {ETH, USDC}
        assert late.result.coverage.missing > coverage.missing
        assert_what_is_unknown_is_not_shown_as_zero(late)
        assert_the_accounts_are_missing(late)
        assert_not_published(walk, late)


def assert_provisional_as_the_oracle_says(walk: Walk, struck: Struck) -> None:
    """What is known equals the oracle, and so does each share of coverage, of every fund."""
    assert struck.result.quality is Quality.PROVISIONAL
    numeraires = walk.oracle.numeraires(struck.prices)
    for fund in struck.result.funds:
        wanted = struck.expected[fund.fund]
        assert shown(fund) == expected(wanted, numeraires), fund.fund
        assert lines_shown(fund) == lines_expected(wanted), fund.fund
        assert_coverage(fund.coverage, wanted)
    assert_coverage(struck.result.coverage, struck.expected["tide"])


def assert_failures_name_cause_and_mend(struck: Struck) -> None:
    failures = struck.result.failures
    unread = {one.subject for one in failures if one.kind is FailureKind.ACCOUNT_UNREAD and one.blocking}
    assert {one.split("/")[0] for one in unread} >= OKX_ACCOUNTS
    assert {one.subject for one in failures if "503" in one.message} >= OKX_ACCOUNTS
    stale = {one.subject for one in failures if one.kind is FailureKind.PRICE_STALE}
    assert "binance-usdm:BTCUSDT" in stale
    assert all(one.message.strip() and one.mend.strip() for one in failures)
    blocking = {one.subject for one in failures if one.kind is FailureKind.UNPRICED and one.blocking}
    assert blocking >= set(unpriced(struck))


def unpriced(struck: Struck) -> dict[str, NavLine]:
    lines = (line for fund in struck.result.funds for line in fund.lines)
    return {line.subject: line for line in lines if line.value_usd is None}


def assert_what_is_unknown_is_not_shown_as_zero(struck: Struck) -> None:
    for line in unpriced(struck).values():
        assert (line.price, line.price_usd, line.exposure_usd) == (None, None, None)
        assert "no price" in " ".join(line.notes)
    shown_prices = {one.code: one.price_usd for one in struck.result.numeraire_prices}
    assert (shown_prices["USDC"], shown_prices["ETH"], shown_prices["TIDE60"]) == (None, None, None)
    assert all(one.nav is None for one in struck.result.root.numeraires if one.code == "TIDE60")


def assert_the_accounts_are_missing(struck: Struck) -> None:
    """Too old to be used: no line stands for them, and the snapshots say so."""
    lines = {line.account for fund in struck.result.funds for line in fund.lines}
    assert not lines & OKX_ACCOUNTS
    used = [one for fund in struck.result.funds for one in fund.snapshots]
    assert {one.account for one in used if one.taken_at is None} == OKX_ACCOUNTS


def assert_not_published(walk: Walk, struck: Struck) -> None:
    """Not even when a checker approved it by mistake."""
    walk.demo.approve(struck.run)
    with pytest.raises(NotPublishableError) as refused:
        walk.demo.publish(struck.run)
    reasons = " ".join(refused.value.context["reasons"])
    assert all(reason in reasons for reason in publishable(struck.result))
    for word in ("okx-options", USDC, "missing"):
        assert word in reasons


def _control(walk: Walk, what: str, document: dict[str, object]) -> None:
    httpx.post(f"{walk.venues.url}/_simulator/{what}", json=document).raise_for_status()


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_a_venue_that_never_answers_stops_no_other_account(
    postgres_server: EmbeddedPostgres, tmp_path: Path
) -> None:
    with walked(postgres_server, tmp_path, after(9, 12, 30)) as walk:
        walk.publish(walk.strike())
        _control(walk, "faults", {"kind": "hang", "venue": "okx"})
        walk.clock.advance(timedelta(minutes=40))
        hung = walk.strike(but=("okx",))
        assert hung.result.quality is Quality.PROVISIONAL
        for fund in hung.result.funds:
            assert lines_shown(fund) == lines_expected(hung.expected[fund.fund]), fund.fund
            assert_coverage(fund.coverage, hung.expected[fund.fund])

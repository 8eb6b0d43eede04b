"""What a venue says of its own margin is what is shown, to the last digit it gave."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest

from truenav.connect.margins import read_margin_ratio
from truenav.simulator.okx.account import margin_ratio

# The account of the venue's own documentation of GET /api/v5/account/balance.
PUBLISHED = {
    "adjEq": "10679688.0460531643092577",
    "imr": "3372.2942371050594217",
    "mgnRatio": "70375.35408747017",
    "mmr": "134.8917694842024",
    "notionalUsd": "33722.9423710505978888",
}


def test_the_simulators_formula_gives_the_ratio_that_the_venue_publishes():
    equity, maintenance, exposure = (Decimal(PUBLISHED[name]) for name in ("adjEq", "mmr", "notionalUsd"))
    published = Decimal(PUBLISHED["mgnRatio"])
    assert abs(margin_ratio(equity, maintenance, exposure) - published) < published * Decimal("1e-9")


def test_the_published_ratio_is_read_as_the_share_of_equity_that_is_needed():
    body = json.dumps({"code": "0", "data": [PUBLISHED]}).encode()
    shown = read_margin_ratio("okx", "balance", body)
    assert shown * Decimal(PUBLISHED["mgnRatio"]) == pytest.approx(1)


def _shown(ratio, *by_currency):
    """What is read of an account with this ratio, and these of its currencies."""
    details = [{"ccy": f"C{n}", "mgnRatio": one} for n, one in enumerate(by_currency)]
    body = json.dumps({"code": "0", "data": [{"mgnRatio": ratio, "details": details}]}).encode()
    return read_margin_ratio("okx", "balance", body)


def test_in_futures_mode_the_currency_nearest_to_its_liquidation_counts():
    assert _shown("", "50", "", "1.25", "8") == Decimal("0.8")


def test_one_is_the_liquidation_and_a_larger_ratio_is_safer():
    assert _shown("1", "") == 1
    assert _shown("4", "") < _shown("2", "") < 1


@pytest.mark.parametrize("ratios", [("",), ("", "", ""), ("1e", "")])
def test_a_ratio_that_is_not_told_or_cannot_be_is_unknown(ratios):
    assert _shown(*ratios) is None


@pytest.mark.parametrize("ratios", [("-0.5",), ("", "8", "-0.5")])
def test_who_owes_more_than_he_has_is_liquidated(ratios):
    assert _shown(*ratios) == 1


def test_an_account_with_nothing_left_is_not_hidden_by_a_healthy_one_beside_it():
    """Of several payloads of one account the largest ratio is shown; None would leave the others alone."""
    dollars = {"totalMaintMargin": "10", "totalMarginBalance": "-5"}
    coins = {"assets": [{"maintMargin": "0.1", "marginBalance": "1"}]}
    told = [
        read_margin_ratio("binance", endpoint, json.dumps(body).encode())
        for endpoint, body in (("usdm.account", dollars), ("coinm.account", coins))
    ]
    assert told == [1, Decimal("0.1")]
    calm = {"totalMaintMargin": "0", "totalMarginBalance": "-5"}
    assert read_margin_ratio("binance", "usdm.account", json.dumps(calm).encode()) is None


@pytest.mark.parametrize("name", ["okx-arbitrage", "okx-options", "okx-trend"])
def test_an_account_of_the_simulator_tells_a_ratio_that_fits_its_positions(lab, name):
    async def run():
        async with lab() as world:
            context = await world.market("okx")
            await world.gather(name, context, history=False)
            answers = {one.evidence.endpoint.partition("/")[0]: one for one in world.archived}
            (account,) = json.loads(answers["balance"].body)["data"]
            positions = json.loads(answers["positions"].body)["data"]
            exposure = sum(Decimal(row["notionalUsd"]) for row in positions)
            assert Decimal(account["notionalUsd"]) == pytest.approx(exposure)
            fee = exposure * Decimal("0.0005")
            wanted = Decimal(account["adjEq"]) / (Decimal(account["mmr"]) + fee)
            assert Decimal(account["mgnRatio"]) == pytest.approx(wanted, rel=Decimal("1e-6"))
            shown = read_margin_ratio("okx", "balance", answers["balance"].body)
            assert shown == pytest.approx(1 / Decimal(account["mgnRatio"]))
            assert 0 < shown < 1

    asyncio.run(run())

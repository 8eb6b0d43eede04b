"""Samples of other projects' tests, where they are here."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.connect.errors import MalformedPayloadError
from truenav.core.asset import USDC
from truenav.core.facts import BalanceSnapshot, CashFlow, PositionSnapshot, Trade, Transfer

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "ccxt_static" / "hyperliquid"
pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of other projects are not here")


def samples(name):
    text = (SAMPLES / f"{name}.json").read_text()
    rows = json.loads(text) if text.lstrip().startswith("[") else map(json.loads, text.splitlines())
    return {row["name"]: row["response"] for row in rows}


def test_balances_are_without_open_profit_in_either_mode(lab):
    rest = samples("rest")
    spot, perps = rest["Spot/Account/GetBalances"], rest["Futures/Account/GetAccountInfo"]
    for mode, total in (("disabled", "86.087268"), ("unifiedAccount", "2.77963")):
        balances, positions = lab.stated("balances/1", [mode, spot, perps], lab.known()).facts
        assert isinstance(balances.body, BalanceSnapshot)
        assert [(line.asset, line.total) for line in balances.body.lines] == [
            ("HYPE", Decimal("0.00959057")),
            (USDC, Decimal(total)),
        ]
        assert isinstance(positions.body, PositionSnapshot)
        (line,) = positions.body.lines
        assert (line.instrument, line.quantity, line.entry_price) == (
            "hyperliquid:HYPE",
            2,
            Decimal("37.829"),
        )


def test_a_summary_that_speaks_of_positions_that_are_not_listed_is_refused(lab):
    perps = samples("nautilus")["http_clearinghouse_state_negative_total_raw_usd"]
    whole = {**perps, "marginSummary": perps["crossMarginSummary"]}
    for state in (perps, whole):
        with pytest.raises(MalformedPayloadError):
            lab.stated("balances/1", ["disabled", {"balances": []}, state])


def test_the_ledger_and_funding_are_read(lab):
    rest = samples("rest")
    (deposit,) = lab.stated("ledger/1", rest["Spot/Account/GetAccountLedger"]).facts
    assert isinstance(deposit.body, Transfer)
    assert deposit.body.amount.number == Decimal("97.142685")
    (paid,) = lab.stated("funding/1", rest["Futures/Account/GetFundingHistory"]).facts
    assert isinstance(paid.body, CashFlow)
    assert (paid.body.amount.number, paid.body.instrument) == (Decimal("-0.044263"), "hyperliquid:HYPE")


def test_fills_that_the_venue_made_itself_have_an_identity(lab):
    rows = samples("nautilus")["http_user_fills_dust_conversion"]
    found = lab.stated("fills/1", rows, lab.known())
    (dust,) = found.facts
    assert dust.external_id == "fill:1762732800049:@142:229209068357"
    assert isinstance(dust.body, Trade)
    assert dust.body.quantity == Decimal("-0.0000086141")
    assert {one.subject for one in found.problems if one.lost} == {
        f"hyperliquid:{name}" for name in ("ARB", "JUP", "@156", "MANTA")
    }
    message = samples("nautilus")["ws_user_fill_liquidation"]
    (other,) = lab.stated("fills/1", message["data"]["fills"], lab.known()).facts
    assert other.body.fees[0].number == Decimal("-0.009997")


def test_markets_and_their_contexts_are_read(lab):
    rest = samples("rest")
    perps = lab.stated("perps/1", rest["Futures/ExchangeData/GetExchangeInfoAndTickers"])
    assert {one.code for one in perps.instruments} == {"BTC", "ETH"}
    assert [fact.body.price for fact in perps.facts] == [Decimal("14.3161"), Decimal("6.0436")]
    pairs = lab.stated("pairs/1", rest["Spot/ExchangeData/GetExchangeInfoAndTickers"])
    assert (pairs.instruments, pairs.problems) == ((), ())  # PURR is not mapped

"""Samples of another project's tests, where they are here."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from truenav.core.facts import BalanceSnapshot, PositionSnapshot, Trade

SAMPLES = Path(__file__).parents[5] / "shared" / "data" / "exchange_api_samples"
pytestmark = pytest.mark.skipif(not SAMPLES.exists(), reason="the samples of other projects are not here")


def sample(name):
    return json.loads((SAMPLES / f"bitmex__{name}.json").read_text())


def test_listed_terms_are_read_and_spreads_are_not_taken_for_contracts(lab):
    rows = [sample("http_get_instrument_xbtusd"), sample("http_get_instrument_xbtm26_xbtu26_spread")]
    found = lab.stated("instruments/1", rows)
    assert [(one.code, one.multiplier, one.inverse) for one in found.instruments] == [("XBTUSD", 1, True)]
    assert [fact.body.price for fact in found.facts] == [Decimal("97849.76")]


def test_fills_that_do_not_tell_their_profit_leave_it_to_the_wallet(lab):
    found = lab.stated("executions/1", sample("http_get_executions"), lab.known())
    bodies = [fact.body for fact in found.facts]
    assert all(isinstance(body, Trade) and body.realised is None for body in bodies)
    assert [(body.quantity, body.fees[0].number) for body in bodies] == [
        (-100, Decimal("-0.00000076")),
        (-100, Decimal("-0.00000151")),
    ]
    assert found.problems == ()


def test_wallets_margins_positions_and_changes_of_prices_are_read(lab):
    joined = [sample("http_get_wallet"), [sample("ws_margin")]]
    (balances,) = lab.stated("balances/1", joined).facts
    assert isinstance(balances.body, BalanceSnapshot)
    assert [line.total for line in balances.body.lines] == [Decimal("1.0000518")]
    (positions,) = lab.stated("positions/1", sample("http_get_positions"), lab.known()).facts
    assert isinstance(positions.body, PositionSnapshot)
    (line,) = positions.body.lines
    assert (line.quantity, line.entry_price) == (100, Decimal("98390.88"))
    changes = [sample(f"ws_instrument{part}") for part in ("", "_index_update", "_mark_update")]
    message = {"table": "instrument", "action": "update", "data": changes}
    (quote,) = lab.stated("stream.instrument/1", message, lab.known()).facts
    assert quote.body.price == Decimal("95125.7")

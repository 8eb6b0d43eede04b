"""Leverage tiers as venues tell them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connect.conftest import ASSETS

from truenav.connect.contract import ParseContext
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.registry import connector, parsers
from truenav.connect.supplies import Supplied
from truenav.connect.tiers import TIERED_VENUES, read_tiers, tier_readers
from truenav.core.asset import BTC, ETH, USD, USDT
from truenav.core.canonical import sha256_hex
from truenav.core.clock import parse_instant
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind
from truenav.core.leverage import Measure, of_parts

PAYLOADS = Path(__file__).parents[1] / "payloads"
T = parse_instant("2026-01-01T00:00:00Z")
D = Decimal


def perpetual(name: str, *, inverse: bool = False) -> Instrument:
    base = ETH if "ETH" in name else BTC
    quote = USD if inverse else USDT
    venue, _, code = name.partition(":")
    return Instrument(
        InstrumentId(name), venue, code, InstrumentKind.PERPETUAL, base, quote,
        base if inverse else quote, D(1), inverse,
    )  # fmt: skip


def told(venue, endpoint, body, *names, params=()):
    """Tiers of these instruments by name, as a payload states them."""
    known = ParseContext(ASSETS, InstrumentBook([perpetual(name) for name in names]))
    said = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = Request("GET", "https://venue.test", tuple(params))
    evidence = Evidence(Sha256(sha256_hex(said)), len(said), venue, "1", endpoint, "", request, T, T, 200)
    return {one.instrument: one for one in read_tiers(evidence, said, known)}


def saved(venue, name):
    return (PAYLOADS / venue / f"{name}.json").read_bytes()


def test_binance_brackets_are_by_value_and_tell_their_deduction():
    name = "binance-usdm:ETHUSDT"
    found = told("binance", "usdm.leverageBracket/1", saved("binance", "usdm-brackets"), name)[name]
    assert (found.measure, found.limit) == (Measure.VALUE, D(10000))
    assert found.maintenance_margin(D(5000), D(5000)) == D("32.5")


def test_binance_brackets_of_inverse_contracts_are_in_coins():
    bracket = {"bracket": 1, "initialLeverage": 125, "qtyFloor": 0, "qtyCap": 50, "maintMarginRatio": 0.004,
               "cum": 0.0}  # fmt: skip
    second = {"bracket": 2, "initialLeverage": 100, "qtyFloor": 50, "qtyCap": 100, "maintMarginRatio": 0.005,
              "cum": 0.05}  # fmt: skip
    name = "binance-coinm:BTCUSD_PERP"
    body = [{"symbol": "BTCUSD_PERP", "brackets": [second, bracket]}]
    found = told("binance", "coinm.leverageBracket/1", body, name)[name]
    assert found.maintenance_margin(D(80), D(80)) == D("0.35")
    assert found.step_of(D(10)).initial == D("0.008")


def test_a_market_of_hyperliquid_has_its_table_or_else_its_own_leverage():
    large = {"lowerBound": "150000000.0", "maxLeverage": 20}
    table = [[7, {"description": "", "marginTiers": [{"lowerBound": "0.0", "maxLeverage": 40}, large]}]]
    universe = [
        {"name": "BTC", "maxLeverage": 40, "marginTableId": 7},
        {"name": "ETH", "maxLeverage": 25, "marginTableId": 25},
    ]
    body = [{"universe": universe, "marginTables": table}, []]
    found = told("hyperliquid", "perps/1", body, "hyperliquid:BTC", "hyperliquid:ETH")
    btc, eth = found["hyperliquid:BTC"], found["hyperliquid:ETH"]
    assert btc.maintenance_margin(D(200_000_000), D(200_000_000)) == D("3125000")
    assert eth.maintenance_margin(D(1000), D(1000)) == D(20)


def test_levels_of_kraken_futures_are_in_contracts_or_in_value():
    name = "krakenfutures:PI_XBTUSD"
    found = told("krakenfutures", "instruments/1", saved("krakenfutures", "instruments"), name)[name]
    assert found.measure is Measure.CONTRACTS
    assert found.step_of(D(500_001)).maintenance == D("0.02")
    levels = [{"numNonContractUnits": 0.0, "initialMargin": 0.02, "maintenanceMargin": 0.01}]
    flexible = {"instruments": [{"symbol": "PF_XBTUSD", "marginLevels": levels}]}
    name = "krakenfutures:PF_XBTUSD"
    assert told("krakenfutures", "instruments/1", flexible, name)[name].measure is Measure.VALUE


def test_each_step_beyond_the_risk_limit_of_bitmex_asks_for_the_base_margin_more():
    row = {"symbol": "XBTUSD", "settlCurrency": "XBt", "initMargin": 0.01, "maintMargin": 0.005,
           "riskLimit": 20_000_000_000, "riskStep": 10_000_000_000}  # fmt: skip
    noted = [("local:units", "XBt=XBT:8")]
    found = told("bitmex", "active/1", [row], "bitmex:XBTUSD", params=noted)["bitmex:XBTUSD"]
    steps = [(one.floor, one.maintenance, one.initial) for one in found.steps[:3]]
    assert steps == [
        (0, D("0.005"), D("0.01")), (D(200), D("0.010"), D("0.015")), (D(300), D("0.015"), D("0.020")),
    ]  # fmt: skip


def test_steps_that_do_not_begin_at_zero_are_refused_with_their_endpoint():
    bracket = {"bracket": 1, "initialLeverage": 5, "notionalFloor": 9, "notionalCap": 10,
               "maintMarginRatio": 0.1, "cum": 0}  # fmt: skip
    body = [{"symbol": "BTCUSDT", "brackets": [bracket]}]
    with pytest.raises(MalformedPayloadError, match=r"binance usdm\.leverageBracket/1.*do not rise from 0"):
        told("binance", "usdm.leverageBracket/1", body, "binance-usdm:BTCUSDT")


@pytest.mark.parametrize("venue", TIERED_VENUES)
def test_a_venue_that_tells_tiers_says_so_and_knows_its_endpoints(venue):
    rows = {one.item: one for one in connector(venue).manifest.supplies}
    assert rows["margin.tiers"].state is Supplied.READ
    assert tier_readers(venue).keys() <= parsers(venue).keys()


def test_tiers_of_okx_are_by_contracts_and_begin_where_the_one_below_ends():
    asked = [("instType", "SWAP"), ("tdMode", "cross"), ("instFamily", "BTC-USDT")]
    name, body = "okx:BTC-USDT-SWAP", saved("okx", "position-tiers")
    found = told("okx", "position-tiers/1", body, name, "okx:BTC-USD-SWAP", params=asked)
    assert found.keys() == {name}
    assert (found[name].measure, found[name].limit) == (Measure.CONTRACTS, D(20_000))
    assert found[name].step_of(D("1000.005")).maintenance == D("0.005")
    assert found[name].maintenance_margin(D(1000), D(900_000)) == D(3600)
    for params in ([("instType", "FUTURES")], []):
        assert not told("okx", "position-tiers/1", body, name, params=params)


def test_risk_limits_of_bybit_are_by_value_with_deductions_and_may_be_in_percent():
    name = "bybit-contract:BTCUSDT"
    found = told("bybit", "risk-limit/1", saved("bybit", "risk-limit"), name)[name]
    assert (found.measure, found.limit) == (Measure.VALUE, D(20_000_000))
    assert found.maintenance_margin(D(2_000_000), D(2_000_000)) == D(10_000)
    assert found.maintenance_margin(D(12_000_000), D(12_000_000)) == D(115_000)
    row = {"id": 1, "symbol": "BTCUSD", "riskLimitValue": "150", "maintenanceMargin": "0.5",
           "initialMargin": "1", "isLowestRisk": 1, "maxLeverage": "100.00"}  # fmt: skip
    answer = {"retCode": 0, "retMsg": "OK", "result": {"category": "inverse", "list": [row]}}
    (step,) = told("bybit", "risk-limit/1", answer, name[:-1])[name[:-1]].steps
    assert (step.maintenance, step.initial, step.deduction) == (D("0.005"), D("0.01"), 0)


def deribit_contracts(**leverages):
    rows = [
        {"kind": "future", "instrument_name": name, "base_currency": name.partition("_")[0].partition("-")[0],
         "max_leverage": leverage}
        for name, leverage in leverages.items()
    ]  # fmt: skip
    options = [{"kind": "option", "instrument_name": "BTC-26DEC25-100000-C", "base_currency": "BTC"}]
    names = (f"deribit:{row['instrument_name']}" for row in rows)
    return told("deribit", "instruments/1", {"jsonrpc": "2.0", "result": [*rows, *options]}, *names)


def test_steps_of_deribit_are_ours_and_ask_for_what_its_examples_ask_and_at_most_a_hundredth_more():
    found = deribit_contracts(**{"BTC-PERPETUAL": 50, "SOL_USDC-PERPETUAL": 25, "XRP_USDC-PERPETUAL": 25})
    btc, sol = found["deribit:BTC-PERPETUAL"], found["deribit:SOL_USDC-PERPETUAL"]
    assert len(found) == 2
    assert (btc.own, btc.measure) == (True, Measure.BASE)
    published = [
        (btc, D(25), D("0.28125"), D("0.02125")), (btc, D(350), D("9.625"), D("0.0375")),
        (sol, D(25), D("0.503125"), D("0.040125")), (sol, D(6000), D(300), D("0.07")),
    ]  # fmt: skip
    for tiers, size, margin, initial in published:
        assert margin <= tiers.maintenance_margin(size, size) <= margin * D("1.01")
        assert initial <= tiers.step_of(size).initial <= initial * D("1.01")
    assert btc.maintenance_margin(D(30_000), D(30_000)) is None


def test_a_contract_of_deribit_with_less_leverage_asks_for_more():
    (lent,) = deribit_contracts(**{"ETH-PERPETUAL": 25}).values()
    assert lent.maintenance_margin(D(1), D(1)) == D("0.0202")
    (told_none,) = told("deribit", "instruments/1", saved("deribit", "get_instruments"),
                        "deribit:ETH-PERPETUAL").values()  # fmt: skip
    assert told_none.maintenance_margin(D(1), D(1)) == D("0.0101")


def test_gate_tells_the_deduction_that_makes_its_rates_of_parts():
    name = "gate-contract:BTC_USDT"
    found = told("gate", "risk-limits/1", saved("gate", "risk-limits"), name)[name]
    assert (found.measure, found.limit) == (Measure.VALUE, D(5_000_000))
    assert found.steps == of_parts(found.steps)
    assert found.maintenance_margin(D(1_000_001), D(1_000_001)) == D("4600.01")
    limits = [
        ("0.01", "20000", "0"),
        ("0.013", "30000", "60"),
        ("0.015", "50000", "120"),
        ("0.02", "70000", "370"),
    ]
    documented = [
        {
            "contract": "BTC_USDT",
            "maintenance_rate": rate,
            "initial_rate": "1",
            "risk_limit": cap,
            "deduction": less,
        }
        for rate, cap, less in limits
    ]
    steps = told("gate", "risk-limits/1", documented, name)[name].steps
    assert steps == of_parts(steps)
    older = [{key: value for key, value in row.items() if key != "deduction"} for row in documented]
    assert told("gate", "risk-limits/1", older, name)[name].maintenance_margin(D(25000), D(25000)) == D(325)


def test_bitget_rates_are_of_the_whole_and_coin_margined_steps_have_no_limit():
    name = "bitget-contract:BTCUSDT"
    found = told("bitget", "usdtm.tiers/1", saved("bitget", "usdtm-tiers"), name)[name]
    assert found.maintenance_margin(D(200_000), D(200_000)) == D(1000)
    assert found.maintenance_margin(D(4_000_001), D(4_000_001)) is None
    step = {
        "symbol": "BTCUSD",
        "startUnit": "0",
        "endUnit": "20",
        "leverage": "100",
        "keepMarginRate": "0.005",
    }
    inverse = told("bitget", "coinm.tiers/1", {"code": "00000", "data": [step]}, "bitget-contract:BTCUSD")
    assert inverse["bitget-contract:BTCUSD"].maintenance_margin(D(50_000), D(50_000)) == D(250)


def test_kucoin_limits_are_by_value_with_both_rates():
    name = "kucoin-contract:XBTUSDTM"
    found = told("kucoin", "risk-limits/1", saved("kucoin", "risk-limits"), name)[name]
    assert (found.measure, found.limit) == (Measure.VALUE, D(2_000_000))
    step = found.step_of(D(150_001))
    assert (step.floor, step.maintenance, step.initial) == (D(150_000), D("0.005"), D("0.01"))


def test_htx_limits_are_in_contracts_and_rows_of_futures_are_left():
    name = "htx-contract:BTC-USDT"
    document = json.loads(saved("htx", "usdtm-tiers"))
    future = {**document["data"][0], "contract_type": "quarter", "maintenance_margin_rate": "0.9"}
    isolated = {**future, "contract_type": "swap", "margin_mode": "isolated"}
    body = {**document, "data": [future, *reversed(document["data"]), isolated]}
    found = told("htx", "usdtm.tiers/1", body, name)[name]
    assert (found.measure, found.limit) == (Measure.CONTRACTS, D(90_000))
    steps = [(one.floor, one.maintenance, one.initial) for one in found.steps]
    assert steps == [
        (0, D("0.0035"), D("0.005")), (D(3000), D("0.005"), D("0.01")), (D(25_000), D("0.012"), D("0.02")),
    ]  # fmt: skip
    coins = {**document, "data": [{**document["data"][0], "volume_unit": "BTC"}]}
    with pytest.raises(MalformedPayloadError, match="volume_unit is not contracts"):
        told("htx", "usdtm.tiers/1", coins, name)


@pytest.mark.parametrize(
    ("venue", "endpoint", "name", "field", "instrument"),
    [
        ("bitget", "usdtm.tiers/1", "usdtm-tiers", "leverage", "bitget-contract:BTCUSDT"),
        ("htx", "usdtm.tiers/1", "usdtm-tiers", "max_lever", "htx-contract:BTC-USDT"),
    ],
)
def test_a_leverage_of_zero_is_a_malformed_payload(venue, endpoint, name, field, instrument):
    document = json.loads(saved(venue, name))
    document["data"][0][field] = "0"
    with pytest.raises(MalformedPayloadError, match="a leverage is zero"):
        told(venue, endpoint, document, instrument)

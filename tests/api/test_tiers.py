"""Leverage tiers of a contract: the newest that a venue told, with the payload that proves it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from truenav.app.sources.context import keep_instruments
from truenav.core.asset import BTC, USDT
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.store import evidence

CONTRACT = Instrument(
    id=instrument_id("binance-usdm", "BTCUSDT"),
    venue="binance",
    code="BTCUSDT",
    kind=InstrumentKind.PERPETUAL,
    base=BTC,
    quote=USDT,
    settle=USDT,
    multiplier=Decimal(1),
)


def told(rate: float) -> bytes:
    bracket = {"bracket": 1, "initialLeverage": 50, "notionalFloor": 0, "notionalCap": 100, "cum": 0}
    return json.dumps([{"symbol": "BTCUSDT", "brackets": [{**bracket, "maintMarginRatio": rate}]}]).encode()


def test_the_tiers_told_last_are_shown_with_their_payload(installation, tenant, finance):
    now, found = installation.clock.now(), []
    with installation.house.database.transaction(tenant) as session:
        keep_instruments(session, [CONTRACT, replace(CONTRACT, id=instrument_id("okx", "X"))], at=now)
        for age, rate in ((2, 0.004), (1, 0.005)):
            body, at = told(rate), now - timedelta(days=age)
            meta = Evidence(
                Sha256(sha256_hex(body)), len(body), "binance", "1", "usdm.leverageBracket/1", "",
                Request("GET", "https://fapi.binance.com/fapi/v1/leverageBracket"), at, at, 200,
            )  # fmt: skip
            found.append((meta, body))
        evidence.put_many(session, installation.house.blobs(tenant), found)
    answer = finance.get("/api/v1/leverage-tiers/binance-usdm:BTCUSDT").raise_for_status().json()
    assert answer["evidence"] == found[1][0].sha256
    assert answer["tiers"]["steps"] == [
        {"floor": "0", "maintenance": "0.005", "initial": "0.02", "deduction": "0"}
    ]
    unknown = finance.get("/api/v1/leverage-tiers/binance-usdm:ETHUSDT")
    assert unknown.status_code == 422
    assert "instrument master" in unknown.json()["detail"]
    untold = finance.get("/api/v1/leverage-tiers/okx:X")
    assert untold.json()["type"].endswith("tiers-not-told")
    assert "Gather an account at the venue" in untold.json()["detail"]


def test_tiers_that_are_told_for_a_family_are_those_of_its_contracts(installation, tenant, finance):
    now, name = installation.clock.now(), "BTC-USDT-SWAP"
    row = {"instFamily": "BTC-USDT", "instId": "", "minSz": "0", "maxSz": "50", "mmr": "0.004", "imr": "0.01"}
    body = json.dumps({"code": "0", "data": [row]}).encode()
    params = (("instType", "SWAP"), ("instFamily", "BTC-USDT"))
    meta = Evidence(
        Sha256(sha256_hex(body)), len(body), "okx", "1", "position-tiers/1", "",
        Request("GET", "https://www.okx.com/api/v5/public/position-tiers", params), now, now, 200,
    )  # fmt: skip
    option = replace(CONTRACT, id=instrument_id("okx", "O"), venue="okx", kind=InstrumentKind.OPTION)
    with installation.house.database.transaction(tenant) as session:
        swap = replace(CONTRACT, id=instrument_id("okx", name), venue="okx", code=name)
        keep_instruments(session, [swap, option], at=now)
        evidence.put_many(session, installation.house.blobs(tenant), [(meta, body)])
    answer = finance.get(f"/api/v1/leverage-tiers/okx:{name}").raise_for_status().json()
    assert (answer["evidence"], answer["tiers"]["limit"]) == (meta.sha256, "50")
    assert "follows a formula" in finance.get("/api/v1/leverage-tiers/okx:O").json()["detail"]

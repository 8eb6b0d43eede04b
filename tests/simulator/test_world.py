"""Re-dating, clocks, truth, references and statements."""

from __future__ import annotations

import asyncio
import csv
import math
import runpy
import xml.etree.ElementTree as ElementTree
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import httpx
import pytest
from scipy.stats import norm

from truenav.simulator.errors import PortError, ScenarioError, UnknownNameError
from truenav.simulator.export import statement_rows, write_statement
from truenav.simulator.scenario import load_scenario
from truenav.simulator.server import create_app, listen
from truenav.simulator.times import VirtualClock
from truenav.simulator.truth import truth
from truenav.simulator.world import World, open_world, remembered_anchor

from .conftest import SCENARIO, Running, make_world

ROOT = SCENARIO.parents[2]


def test_inception_lies_nine_days_before_the_first_start_and_stays_there(tmp_path: Path) -> None:
    clock = VirtualClock(datetime(2026, 11, 21, 12, tzinfo=UTC))
    first = open_world(SCENARIO, tmp_path, clock)
    assert first.inception == datetime(2026, 11, 12, tzinfo=UTC)
    clock.advance(timedelta(days=5))
    assert open_world(SCENARIO, tmp_path, clock).inception == first.inception


def test_a_damaged_state_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "anchor.json").write_text("[", encoding="utf-8")
    with pytest.raises(ScenarioError, match="damaged"):
        remembered_anchor(tmp_path, "demo", date(2026, 1, 1))


def test_every_hour_of_day_stays_true_and_dated_contracts_carry_the_new_day() -> None:
    world = make_world()
    future = world.market.instrument("okx", "BTC-USD-231229")
    assert future.expires_at == datetime(2026, 12, 9, 8, tzinfo=UTC)
    assert future.id == "BTC-USD-261209"
    assert {at.hour for at in world.market.bars["okx", "BTC-USDT"].times} == {0, 8, 16}


def test_the_last_values_hold_after_the_data_ends() -> None:
    world = make_world()
    late, later = datetime(2027, 3, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)
    assert world.market.price("okx", "BTC-USDT", late) == world.market.price("okx", "BTC-USDT", later)


def test_the_same_scenario_and_instant_give_the_same_truth() -> None:
    at = datetime(2026, 11, 20, 17, 3, tzinfo=UTC)
    assert truth(make_world(), "okx-options", at) == truth(make_world(at), "okx-options")


def test_the_demo_fund_is_worth_about_three_hundred_million() -> None:
    world = make_world()
    total = sum(Decimal(truth(world, name)["usd"]["value"]) for name in world.scenario.accounts)
    assert 285_000_000 < total < 320_000_000


def test_truth_values_an_inverse_position_exactly() -> None:
    world = make_world()
    books = world.books("okx-trend")
    held = books.positions["ETH-USD-SWAP"]
    mark = Fraction(world.market.price("okx", "ETH-USD-SWAP", world.now()))
    profit = Fraction(held.size) * 10 * (1 / Fraction(held.entry) - 1 / mark)
    cash = books.balance("trading", "ETH") + books.balance("funding", "ETH")
    assert Fraction(truth(world, "okx-trend")["equity"]["ETH"]["exact"]) == Fraction(cash) + profit


def test_the_statement_of_the_custodian_can_be_read_back(tmp_path: Path) -> None:
    world = make_world()
    paths = write_statement(world, "custodian-cold", tmp_path)
    rows = {path.stem: list(csv.DictReader(path.open(encoding="utf-8"))) for path in paths}
    assert rows == statement_rows(world, "custodian-cold")
    assert {row["asset"]: row["amount"] for row in rows["balances"]} == {
        "BTC": "645.62345678",
        "ETH": "8700.4979",
    }
    with pytest.raises(UnknownNameError):
        statement_rows(world, "nobody")


def test_the_ecb_files_have_the_bank_s_layout(http: httpx.Client) -> None:
    names = {"g": "http://www.ecb.int/vocabulary/2002-08-01/eurofxref"}
    tree = ElementTree.fromstring(http.get("/stats/eurofxref/eurofxref-hist-90d.xml").content)
    days = [cube.attrib["time"] for cube in tree.findall("g:Cube/g:Cube", names)]
    assert days == sorted(days, reverse=True)
    daily = ElementTree.fromstring(http.get("/stats/eurofxref/eurofxref-daily.xml").content)
    assert daily.find("g:Cube/g:Cube", names).attrib["time"] == days[0]  # type: ignore[union-attr]
    rates = {c.attrib["currency"]: c.attrib["rate"] for c in daily.findall("g:Cube/g:Cube/g:Cube", names)}
    assert set(rates) == {"USD", "JPY", "GBP", "HKD", "SGD", "CNY"}


def test_the_vendor_wants_its_key_and_names_what_it_does_not_know(
    simulator: Running, http: httpx.Client
) -> None:
    assert http.get("/v1/prices?pairs=USDT-USD").status_code == 401
    headers = {"X-Api-Key": simulator.world.scenario.vendor_key}
    body = http.get("/v1/prices?pairs=USDT-USD,XYZ-USD", headers=headers).json()
    assert body["unknown"] == ["XYZ-USD"]
    assert body["prices"][0]["origin"] == "derived"
    past = simulator.world.inception + timedelta(days=1)
    old = http.get("/v1/prices", params={"pairs": "BTC-USD", "at": past.isoformat()}, headers=headers).json()
    assert old["prices"][0]["price"] == "39478.95"
    assert http.get("/v1/prices?pairs=BTC-USD&at=yesterday", headers=headers).status_code == 400
    assert http.get("/v1/prices", headers=headers).status_code == 400


def test_the_control_path_tells_truth_and_counts_requests(simulator: Running, http: httpx.Client) -> None:
    told = http.get("/_simulator/truth?account=custodian-cold").json()
    assert told["equity"]["BTC"]["value"] == "645.62345678"
    assert len(http.get("/_simulator/truth").json()) == 10
    assert http.get("/_simulator/truth?account=nobody").status_code == 404
    http.get("/api/v3/time")
    counts = http.get("/_simulator/requests").json()
    assert counts["requests"]["binance /api/v3/time"] == 1
    assert http.post("/_simulator/clock", json={"advance": "8h"}).status_code == 422
    assert http.get("/_simulator/nothing").status_code == 404


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('deposit = "nan USDT"', "finite"),
        ('deposit = "-5 USDT"', "greater than zero"),
        ('deposit = "5"', "not an amount"),
        ('buy = 1.5, instrument = "BTC-USDT"', "in quotes"),
        ('buy = "1", sell = "1", instrument = "BTC-USDT"', "exactly one"),
        ('transfer = "1 USDT", from = "spot", to = "vault"', "no wallet"),
        ('deposit = "1 USDT", times = 2, every = "0h"', "not a duration"),
        ('buy = "1"', "missing"),
    ],
)
def test_a_malformed_event_is_refused_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(
        'name = "t"\nmarket = "m"\ninception = "2023-12-02T00:00:00Z"\nlive_after = "9d"\n'
        '[venues.binance]\ndialect = "binance"\n'
        f'[[accounts]]\nid = "a"\nvenue = "binance"\nevents = [{{ at = "+0d00:00", {text} }}]\n',
        encoding="utf-8",
    )
    with pytest.raises(ScenarioError, match=complaint):
        load_scenario(path)


def test_a_taken_port_is_refused_in_one_sentence() -> None:
    with listen("127.0.0.1", 0) as listener, pytest.raises(PortError, match="choose another port"):
        listen("127.0.0.1", listener.getsockname()[1])


def test_copies_of_an_account_have_their_own_keys(tmp_path: Path) -> None:
    text = SCENARIO.read_text(encoding="utf-8").replace(
        'id = "okx-trend"\n', 'id = "okx-trend"\ncopies = 3\n'
    )
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    accounts = load_scenario(path).accounts
    assert accounts["okx-trend-03"].api_key == "demo-okx-trend-key-03"
    assert len(accounts) == 12


async def _clock_requests(world: World) -> list[httpx.Response]:
    transport = httpx.ASGITransport(app=create_app(world))
    async with httpx.AsyncClient(transport=transport, base_url="http://venue") as client:
        return [
            await client.post("/_simulator/clock", json={"advance": "8h"}),
            await client.post("/_simulator/clock", json={"set": "2026-11-22T00:00:00"}),
            await client.get("/api/v3/time"),
        ]


def test_a_virtual_clock_moves_only_when_told() -> None:
    world = make_world(datetime(2026, 11, 21, tzinfo=UTC))
    advanced, naive, told = asyncio.run(_clock_requests(world))
    assert advanced.json() == {"now": "2026-11-21T08:00:00Z"}
    assert naive.status_code == 422
    assert told.json() == {"serverTime": 1795248000000}


def test_closing_prices_are_answered_for_the_instant_that_is_asked(http: httpx.Client) -> None:
    rows = http.get("/_simulator/prices", params={"at": "2026-11-20T00:00:00Z"}).json()
    assert {row["at"] for row in rows} == {"2026-11-20T00:00:00Z"}
    assert {row["base"] for row in rows if row["kind"] == "last"} == {"BTC", "ETH", "USDT", "USDC"}
    assert http.get("/_simulator/prices", params={"at": "yesterday"}).status_code == 422


def test_derived_option_marks_equal_black_76_by_scipy() -> None:
    build = runpy.run_path(str(SCENARIO.parent / "build_market.py"))
    for future, strike, tenor, sigma in ((43000.0, 42000.0, 0.05, 0.55), (38000.0, 46000.0, 0.2, 0.7)):
        deviation = sigma * tenor**0.5
        d1 = (math.log(future / strike) + deviation**2 / 2) / deviation
        call = (future * norm.cdf(d1) - strike * norm.cdf(d1 - deviation)) / future
        put = (strike * norm.cdf(deviation - d1) - future * norm.cdf(-d1)) / future
        assert build["black76_in_coin"](future, strike, tenor, sigma, "C") == pytest.approx(call, rel=1e-9)
        assert build["black76_in_coin"](future, strike, tenor, sigma, "P") == pytest.approx(put, rel=1e-9)


def test_the_committed_market_is_what_the_builder_writes(tmp_path: Path) -> None:
    data = ROOT.parent / "shared" / "data"
    if not (data / "basis_spot_perp_8h").is_dir():
        pytest.skip("The source data sets are not on this machine.")
    runpy.run_path(str(SCENARIO.parent / "build_market.py"))["main"](data, tmp_path)
    for built in tmp_path.iterdir():
        committed = SCENARIO.parent / "market" / built.name
        assert built.read_bytes() == committed.read_bytes(), built.name

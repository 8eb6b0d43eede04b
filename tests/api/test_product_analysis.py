"""Leveraged products explained over HTTP: worked examples, the command line's figures, and bad input."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from tests.cli.conftest import Shell

from truenav.app.etp.analysis.histories import MOST_ROWS
from truenav.app.etp.analysis.turns import AT_ONCE, turn
from truenav.core.canonical import decode
from truenav.core.listing import Listing
from truenav.core.money import rounded

from .conftest import LISTING, state_instrument
from .running import run_product

ROOT = Path(__file__).parents[2]
GOLDEN = json.loads((ROOT / "tests" / "golden" / "etp" / "leveraged.json").read_text("utf-8"))
FTX_DAYS = ROOT.parent / "shared" / "data" / "ohlcv_binance_spot_1m_ftx" / "spot_1m_20221108_09.parquet"
START = datetime(2025, 1, 1, tzinfo=UTC)
NEARLY = Fraction(1, 10**60)


@pytest.fixture
def reader(installation, tenant):
    return installation.logged_in(tenant, "rita", "risk")


def rules(**products):
    """A rule file of products with a target, and more where it is given."""
    lines = ["issuer: Nobody", "terms: [{since: 2020-01-01}]", "products:"]
    for id, given in products.items():
        more = "".join(f", {name}: {value}" for name, value in given.items())
        lines.append(f"  - {{id: {id}, underlying: BTC, quote: USDT{more}}}")
    return "\n".join(lines)


def marks(prices, *, every=timedelta(days=1)):
    return {
        "is": "given",
        "marks": [
            {"at": (START + every * place).isoformat().replace("+00:00", "Z"), "price": str(price)}
            for place, price in enumerate(prices)
        ],
    }


def asked(client, path, **question):
    answer = client.post(f"/api/v1/{path}", json=question)
    assert answer.status_code == 200, answer.text
    return answer.json()


def sums(explanation):
    """Whether the parts are the return, to the last digit."""
    return sum(map(Fraction, explanation["parts"].values())) == Fraction(explanation["product"])


def meets(found, text):
    """Whether a figure is the expected one, rounded to the digits that are shown."""
    return rounded(Decimal(found), -int(Decimal(text).as_tuple().exponent)) == Decimal(text)


# --- worked examples -------------------------------------------------------------------------------------


def _made_from(given):
    made = {"target": given["target"]}
    if "above" in given:
        made["trigger"] = f"{{above: {given['above']}}}"
    if "adverse" in given:
        favourable = given.get("favourable", "null")
        made["trigger"] = f"{{adverse_move: {given['adverse']}, favourable_move: {favourable}}}"
    if given.get("daily"):
        made["schedules"] = "[{at: 00:00}]"
    return made


def _prices(inputs):
    if "prices" in inputs:
        return list(map(Decimal, inputs["prices"]))
    found = [Decimal(100)]
    for move in inputs["moves"]:
        found.append(found[-1] * (1 + Decimal(move)))
    return found


PATHS = [case for case in GOLDEN["cases"] if case["run"] == "path" and case["id"] not in ("LT-13", "LT-26")]


@pytest.mark.parametrize("case", PATHS, ids=lambda case: case["id"])
def test_a_worked_example_comes_out_over_http(reader, case):
    inputs = case["inputs"]
    ids = {name: f"P{place}" for place, name in enumerate(inputs["products"])}
    found = asked(
        reader,
        "product-replays",
        rules=[f"given:{id}" for id in ids.values()],
        text=rules(**{ids[name]: _made_from(given) for name, given in inputs["products"].items()}),
        history=marks(_prices(inputs)),
        manner={"nav": inputs.get("nav", "100")},
    )
    assert found["refused"] == []
    replays = {one["product"]: one for one in found["replays"]}
    seen = {"underlying": found["history"]["change"]}
    for name, id in ids.items():
        one = replays[id]
        assert sums(one["explanation"])
        seen[f"{name}.total"] = one["explanation"]["product"]
        seen[f"{name}.nav"] = one["navs"][1:]
        navs = list(map(Decimal, one["navs"]))
        seen[f"{name}.legs"] = [str(b / a - 1) for a, b in pairwise(navs)]
    compared = {name: text for name, text in case["expected"].items() if name in seen}
    assert compared
    for name, expected in compared.items():
        pairs = (
            [(seen[name], expected)] if isinstance(expected, str) else zip(seen[name], expected, strict=False)
        )
        for one, text in pairs:
            assert meets(one, text), (name, one, text)


def _case(id):
    return next(case for case in GOLDEN["cases"] if case["id"] == id)


def test_the_tables_of_a_day_one_way_and_of_both_falling(reader):
    case, both = _case("LT-37"), _case("LT-08")
    found = asked(
        reader,
        "product-profiles",
        rules=["given:x3", "given:xm3"],
        text=rules(**{name: _made_from(given) for name, given in case["inputs"]["products"].items()}),
        moves=case["inputs"]["moves"],
    )
    assert found["moves"] == case["inputs"]["moves"]
    for one in found["profiles"]:
        for ours, text in zip(one["one_way"], case["expected"][one["product"]], strict=True):
            assert meets(ours, text)
        assert meets(one["legs"]["both"], both["expected"][f"{one['product']}.total"])
        assert Decimal(one["legs"]["both"]) < 0
    assert meets(found["underlying"]["both"], both["expected"]["underlying"])


def test_a_profile_tells_the_risks_in_both_languages_and_where_the_rules_act(reader):
    (hbtc,) = asked(reader, "product-profiles", rules=["hbtc:BTC3L"], price="60000")["profiles"]
    assert any("-33.33 %" in sentence for sentence in hbtc["note"]["en"])
    assert len(hbtc["note"]["zh"]) == len(hbtc["note"]["en"])
    (trigger,) = hbtc["outlook"]["triggers"]
    assert Decimal(trigger["price"]) == pytest.approx(Decimal(60_000) * 8 / 9)
    assert Decimal(hbtc["outlook"]["ruin"]["price"]) == pytest.approx(Decimal(40_000))


def test_theory_over_http_sums_and_meets_the_published_figures(reader):
    case = _case("LT-30")
    for leverage, text in zip(case["inputs"]["leverages"], case["expected"]["decay"], strict=True):
        found = reader.get(
            "/api/v1/product-decay", params={"leverage": leverage, "volatility": "0.8", "days": "365"}
        ).json()
        assert meets(found["expected"]["volatility_decay"], text)
        at_80 = next(one for one in found["curve"] if one["volatility"] == "0.8")
        assert meets(at_80["decay"], text)
    whole = reader.get(
        "/api/v1/product-decay",
        params={"leverage": "3", "volatility": "0.6", "days": "30", "drift": "0.2", "fee": "0.0003"},
    ).json()["expected"]
    together = Fraction(whole.pop("together"))
    assert sum(map(Fraction, whole.values())) == together


# --- the command line's figures --------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path, monkeypatch):
    monkeypatch.setenv("TRUENAV_DATA_DIR", str(tmp_path / "nothing"))
    return Shell(tmp_path, tmp_path, "", monkeypatch)


def _sent(client, name, data, *, beside=None, **question):
    return client.post(
        "/api/v1/product-replays/file",
        files={"file": (name, data), **(beside or {})},
        data={"question": json.dumps(question)},
    )


@pytest.mark.skipif(not FTX_DAYS.exists(), reason="the real days are not here")
def test_the_ftx_days_are_those_of_the_command_line(reader, shell):
    span = ["--from", "2022-11-08T00:00:00Z", "--to", "2022-11-09T23:59:00Z"]
    told = json.loads(
        shell.ok(
            *("etp", "simulate", "hbtc:BTC3L", str(FTX_DAYS), "--symbol", "BTCUSDT", "--zone", "UTC"),
            *(*span, "--output", "json", "--marks", "all"),
        )
    )
    answer = _sent(
        reader,
        FTX_DAYS.name,
        FTX_DAYS.read_bytes(),
        rules=["hbtc:BTC3L", "hbtc:BTC3S"],
        reading={"symbol": "BTCUSDT", "zone": "UTC", "start": span[1], "end": span[3]},
        manner={"points": 2000},
    )
    assert answer.status_code == 200, answer.text
    found = answer.json()
    long, short = found["replays"]
    explained = long["explanation"]
    assert (explained["product"], explained["underlying"]) == (told["return"], told["underlying_return"])
    assert explained["parts"] == told["parts"]
    assert (explained["nav_after"], long["drawdown"]) == (told["nav_after"], told["deepest_drawdown"])
    assert (explained["scheduled"], explained["triggered"]) == (told["scheduled"], told["triggered"])
    assert explained["turnover"] == told["turnover"]
    assert sums(explained)
    assert sums(short["explanation"])
    by_time = {row["at"]: Decimal(row["nav_adjusted"]) for row in told["nav"]}
    for at, nav in zip(found["times"], long["navs"], strict=True):
        assert Decimal(nav) == rounded(by_time[at], 18)
    assert found["history"]["marks"] == told["marks"]
    kept = [one for one in told["events"] if one["kind"] != "charge"]
    assert [one["at"] for one in long["events"]] == [one["at"] for one in kept]


HOURS = "\n".join(
    ["time,price", *(f"2025-01-01T{hour:02}:00:00Z,{100 + hour * (-1) ** hour}" for hour in range(24))]
)
BESIDE = {
    "funding": ("spot", "time,rate\n2025-01-01T08:00:00Z,0.0001\n2025-01-01T16:00:00Z,-0.00025\n", "rates"),
    "rolls": ("future", "time,roll\n2025-01-01T07:30:00Z,0.98\n2025-01-01T20:00:00Z,1.01\n", "rolls"),
}


@pytest.mark.parametrize("kind", BESIDE)
def test_rates_and_rolls_of_their_own_files_count_as_by_the_command_line(reader, shell, tmp_path, kind):
    exposure, table, source = BESIDE[kind]
    text = rules(UP={"target": 3, "exposure": exposure, "trading_cost": "0.001"})
    for name, content in (("up.yaml", text), ("p.csv", HOURS), ("beside.csv", table)):
        (tmp_path / name).write_text(content)
    paths = [str(tmp_path / name) for name in ("up.yaml", "p.csv", "beside.csv")]
    told = json.loads(shell.ok("etp", "simulate", *paths[:2], f"--{kind}", paths[2], "--output", "json"))
    # under one name, and each is read as what it was sent as
    answer = _sent(reader, "p.csv", HOURS, beside={kind: ("p.csv", table)}, rules=["given:UP"], text=text)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["replays"]
    assert found["financing"] == told["financing_from"] == source
    assert found["explanation"]["parts"] == told["parts"]
    assert found["explanation"]["product"] == told["return"]
    bare = _sent(reader, "p.csv", HOURS, rules=["given:UP"], text=text).json()["replays"][0]
    assert bare["explanation"]["product"] != told["return"]


@pytest.mark.parametrize(
    ("kind", "table", "told"),
    [
        ("funding", "time,rate\n2025-01-01T08:00:00Z,7\n", "is no fraction"),
        ("funding", "time,rate\n2025-01-01T08:00:00Z,x\n", "beside.csv, line 2"),
        ("funding", "time,rate\n2024-01-01T08:00:00Z,0.1\n", "no rate between"),
        ("funding", "time,level\n2025-01-01T08:00:00Z,0.1\n", "funding rate"),
        ("funding", b"\x1f\x8b\x00", "packed"),
        ("rolls", "time,roll\n2025-01-01T08:00:00Z,0\n", "not above 0"),
        ("rolls", "time,roll\n" + "".join(f"{1735690000 + at},1\n" for at in range(1_001)), "1,001 rolls"),
    ],
)
def test_rates_and_rolls_that_cannot_be_used_are_told(reader, kind, table, told):
    beside = {kind: ("beside.csv", table)}
    answer = _sent(reader, "p.csv", HOURS, beside=beside, rules=["hbtc:BTC3L"])
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


def test_a_described_path_ends_where_it_was_told_to_and_theory_is_near(reader):
    found = asked(
        reader,
        "product-replays",
        rules=["hbtc:BTC3L", "hbtc:BTC3S"],
        history={"is": "described", "days": 180, "marks_a_day": 24, "change": "0", "volatility": "0.6"},
        manner={"last_rules": True},
    )
    assert found["history"]["change"] == "0"
    assert Decimal(found["history"]["volatility"]) == pytest.approx(Decimal("0.6"), abs=Decimal("1e-6"))
    for one in found["replays"]:
        assert sums(one["explanation"])
        assert one["explanation"]["parts"]["leverage"] == "0"
        assert Decimal(one["explanation"]["parts"]["compounding"]) < 0
        assert abs(Decimal(one["tracking"]["promised"]) - Decimal(one["expected"])) < Decimal("0.1")
    assert len(found["times"]) == len(found["prices"]) == len(found["replays"][0]["navs"]) == 400


# --- a product that is run here --------------------------------------------------------------------------

PRICES = ("100", "101", "104", "90", "92.5", "91", "95")
"""Marks a minute apart: the schedule falls due at the third, the trigger fires at the fourth."""


@pytest.fixture
def house(fund):
    state_instrument(fund.installation, fund.tenant)
    run_product(fund, PRICES)
    return fund


def _minute(number, seconds=0):
    at = decode(Listing, LISTING).opened_at + timedelta(minutes=number, seconds=seconds)
    return at.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("first", range(6))
def test_any_window_of_a_running_product_sums_and_is_that_of_a_replay(house, first):
    series = house.checker.get(
        "/api/v1/product-series/zz3l", params={"since": _minute(0), "until": _minute(10)}
    ).json()
    navs = [Decimal(one["nav"]) for one in series]
    for last in range(first + 1, len(PRICES)):
        span = {"since": _minute(first, 20), "until": _minute(last, 20)}
        found = house.checker.get("/api/v1/product-attributions/zz3l", params=span).json()
        assert sums(found)
        assert Decimal(found["product"]) == pytest.approx(navs[last] / navs[first] - 1, abs=Decimal("1e-15"))
        moved = Fraction(PRICES[last]) / Fraction(PRICES[first]) - 1
        assert abs(Fraction(found["underlying"]) - moved) < NEARLY
        assert abs(Fraction(found["parts"]["leverage"]) - 3 * Fraction(found["underlying"])) < NEARLY
    assert found["end"] == _minute(6)


def test_windows_of_a_running_product_equal_a_replay_of_its_marks(house):
    listing = decode(Listing, LISTING)
    replayed = asked(
        house.checker,
        "product-replays",
        rules=["listed:zz3l"],
        history={"is": "seen", "listing": "zz3l", "since": _minute(0), "until": _minute(10)},
        manner={"nav": str(listing.opening_nav)},
    )["replays"][0]["explanation"]
    span = {"since": _minute(0), "until": _minute(10)}
    recorded = house.checker.get("/api/v1/product-attributions/zz3l", params=span).json()
    assert recorded["parts"]["fees"] != "0"
    assert (recorded["scheduled"], recorded["triggered"]) == (1, 1)
    for name, part in replayed["parts"].items():
        assert abs(Fraction(part) - Fraction(recorded["parts"][name])) < NEARLY, name


def test_an_empty_window_is_refused_and_says_why(house):
    span = {"since": _minute(2), "until": _minute(2, 30)}
    answer = house.checker.get("/api/v1/product-attributions/zz3l", params=span)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:truenav:problem:empty-window")
    before = {"since": "2026-01-01T00:00:00Z", "until": "2026-01-02T00:00:00Z"}
    assert house.checker.get("/api/v1/product-attributions/zz3l", params=before).status_code == 422


def test_products_of_others_are_no_rule_sets(house):
    stranger = house.installation.logged_in(house.installation.tenant(), "rita", "risk")
    question = {"rules": ["listed:zz3l"], "history": marks([100, 101])}
    assert stranger.post("/api/v1/product-replays", json=question).status_code == 404
    seen = {"is": "seen", "listing": "zz3l", "since": _minute(0), "until": _minute(10)}
    question = {"rules": ["hbtc:BTC3L"], "history": seen}
    assert stranger.post("/api/v1/product-replays", json=question).status_code == 404


# --- rules -----------------------------------------------------------------------------------------------


def test_ready_families_are_listed_with_what_contradicts_itself(reader):
    found = {one["family"]: one for one in reader.get("/api/v1/product-families").json()}
    assert {"ftx", "huobi", "hbtc", "binance", "gate-3x", "toros", "index-coop-fli"} <= found.keys()
    assert found["hbtc"]["conflicts"]
    assert found["hbtc"]["sources"]
    assert [one["rules"] for one in found["hbtc"]["products"]] == ["hbtc:BTC3L", "hbtc:BTC3S"]
    whole = reader.get("/api/v1/product-families/hbtc").json()
    assert whole[0]["terms"][0]["trigger"]["above"] == "4"
    assert reader.get("/api/v1/product-families/nobody").status_code == 404


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        (rules(UP={"target": 0}), 4, "no exposure"),
        (rules(UP={"target": 3, "trigger": "{above: 2}"}), 4, "not above the target"),
        ("issuer: Nobody\nproducts: []\nterms: [{since: 2020-01-01}]", 2, "at least one"),
        ("issuer: [\n", 2, "no YAML"),
        (rules(UP={"target": 3, "colour": "red"}), 4, "colour"),
        ("", 1, "empty"),
    ],
)
def test_rules_that_cannot_be_followed_are_told_with_their_line(reader, text, line, told):
    found = asked(reader, "product-rule-checks", text=text)
    assert found["products"] == []
    assert found["problem"]["line"] == line
    assert told in found["problem"]["message"]


def test_rules_that_can_be_followed_are_ready_to_be_replayed(reader):
    text = rules(UP={"target": 2})
    found = asked(reader, "product-rule-checks", text=text)
    assert found["problem"] is None
    assert [one["rules"] for one in found["products"]] == ["given:UP"]
    replayed = asked(reader, "product-replays", rules=["given:UP"], text=text, history=marks([100, 110]))
    assert replayed["replays"][0]["explanation"]["product"] == "0.2"


def test_rules_that_were_checked_are_listed_as_they_were_answered(fund):
    state_instrument(fund.installation, fund.tenant)
    checked = asked(fund.maker, "product-rule-checks", text=rules(UP={"target": 2}))
    (up,) = checked["rules"]
    assert fund.maker.put("/api/v1/products/zz3l", json={**LISTING, "product": up}).status_code == 200
    assert fund.maker.get("/api/v1/products/zz3l").json()["body"]["product"] == up


def test_the_rule_file_of_a_listed_product_reads_as_its_rules(fund):
    state_instrument(fund.installation, fund.tenant)
    listed = fund.maker.put("/api/v1/products/zz3l", json=LISTING).json()["body"]["product"]
    text = fund.checker.get("/api/v1/product-rule-files/zz3l").json()["text"]
    assert asked(fund.checker, "product-rule-checks", text=text)["rules"] == [listed]
    assert fund.checker.get("/api/v1/product-rule-files/nobody").status_code == 404


# --- bad input -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            ["2025-01-01T00:00:00Z,100", "2025-01-01T01:00:00Z,0"],
            "line 3 (2025-01-01T01:00:00Z): the price 0",
        ),
        (["2025-01-01T00:00:00Z,100", "2025-01-01T01:00:00Z,NaN"], "line 3"),
        (["2025-01-01T00:00:00Z,100", "2025-01-01T01:00:00Z,-5"], "line 3"),
        (["2025-01-01T01:00:00Z,100", "2025-01-01T00:00:00Z,100"], "line 3"),
        (["2025-01-01T00:00:00Z,100", "2025-01-01T00:00:00Z,100"], "line 3"),
        (["2025-01-01T00:00:00,100", "2025-01-01T01:00:00,100"], "tells no zone"),
        (["2025-01-01T00:00:00Z,100", "2025-01-01T01:00:00Z,100000"], "another asset"),
        (["2025-01-01T00:00:00Z,100"], "two marks"),
        (["2099-01-01T00:00:00Z,100", "2099-01-01T01:00:00Z,100"], "future"),
        (["2025-01-01T00:00:00Z,100,7"], "line 2"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_line(reader, lines, told):
    data = "\n".join(["time,price", *lines]).encode()
    answer = _sent(reader, "p.csv", data, rules=["hbtc:BTC3L"])
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("p.csv", b"when,value\n1,2\n", "No column is recognised"),
        ("p.csv", b"\x1f\x8b\x00", "packed"),
        ("p.xlsx", b"PK\x03\x04", "spreadsheet"),
        ("p.parquet", b"PAR1junk", "Parquet"),
        ("p.csv", b"", "empty"),
        ("..", b"time,price\n", "name"),
    ],
)
def test_a_file_of_another_kind_is_refused(reader, name, data, told):
    answer = _sent(reader, name, data, rules=["hbtc:BTC3L"])
    assert answer.status_code == 422, answer.text
    assert told in answer.json()["detail"]


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(reader):
    alike = pl.repeat("2025-01-01T00:00:00Z", MOST_ROWS + 1, eager=True)
    packed = BytesIO()
    pl.DataFrame({"time": alike, "price": alike}).write_parquet(packed)
    assert len(packed.getvalue()) < 20_000
    answer = _sent(reader, "p.parquet", packed.getvalue(), rules=["hbtc:BTC3L"])
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:truenav:problem:price-file")
    assert "more than 2,000,000 rows" in answer.json()["detail"]


def test_gaps_are_told_and_are_no_error(reader):
    lines = [f"2025-01-01T{hour:02}:00:00Z,{100 + hour}" for hour in (0, 1, 2, 3, 9, 10)]
    answer = _sent(reader, "p.csv", "\n".join(["time,price", *lines]).encode(), rules=["hbtc:BTC3L"])
    assert answer.json()["history"]["gaps"] == 1


@pytest.mark.parametrize(
    ("question", "status", "told"),
    [
        ({"rules": []}, 422, "1 to 12"),
        ({"rules": ["nobody:BTC3L"]}, 404, "no family"),
        ({"rules": ["hbtc:NONE"]}, 404, "BTC3L, BTC3S"),
        ({"rules": ["hbtc"]}, 422, "names no rule set"),
        ({"rules": ["given:UP"]}, 422, "none were"),
        ({"rules": ["listed:nothing"]}, 404, "nothing"),
        ({"rules": ["given:UP"], "text": "issuer: ["}, 422, "line"),
        ({"manner": {"nav": "0"}}, 422, "above 0"),
        ({"manner": {"points": 1}}, 422, "points"),
        (
            {"history": {"is": "described", "days": 0, "marks_a_day": 1, "change": "0", "volatility": "1"}},
            422,
            "day",
        ),
        (
            {"history": {"is": "described", "days": 9, "marks_a_day": 9, "change": "-1", "volatility": "1"}},
            422,
            "-1",
        ),
        ({"history": {"is": "described", "days": 9, "marks_a_day": 9, "change": "0"}}, 422, "volatility"),
        ({"history": marks([100, 0])}, 422, "Mark 2"),
        ({"history": marks([100])}, 422, "two marks"),
        ({"history": {"is": "other"}}, 422, "is"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused_with_the_reason(reader, question, status, told):
    whole = {"rules": ["hbtc:BTC3L"], "history": marks([100, 101]), **question}
    answer = reader.post("/api/v1/product-replays", json=whole)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["detail"]


def test_rules_that_do_not_hold_then_are_told_beside_those_that_do(reader):
    found = asked(reader, "product-replays", rules=["ftx:BULL", "hbtc:BTC3L"], history=marks([100, 101]))
    assert [one["rules"] for one in found["replays"]] == ["hbtc:BTC3L"]
    assert [one["rules"] for one in found["refused"]] == ["ftx:BULL"]
    assert "ended at 2022-11-11" in found["refused"][0]["message"]
    always = asked(
        reader,
        "product-replays",
        rules=["ftx:BULL", "hbtc:BTC3L"],
        history=marks([100, 101]),
        manner={"last_rules": True},
    )
    assert always["refused"] == []


@pytest.mark.parametrize(
    "query",
    [{"leverage": "NaN", "volatility": "1"}, {"leverage": "3"}, {"leverage": "3", "volatility": "-1"}],
)
def test_theory_of_senseless_numbers_is_refused(reader, query):
    assert reader.get("/api/v1/product-decay", params=query).status_code == 422


def test_too_much_is_refused_before_it_is_computed(reader):
    path = {"is": "described", "days": 400, "marks_a_day": 1440, "change": "0", "volatility": "1"}
    names = [
        one["rules"] for family in reader.get("/api/v1/product-families").json() for one in family["products"]
    ]
    question = {"rules": names[:12], "history": path, "manner": {"last_rules": True}}
    answer = reader.post("/api/v1/product-replays", json=question)
    assert answer.status_code == 422
    assert "take fewer" in answer.json()["detail"]


@pytest.mark.parametrize(("target", "above", "move"), [(3, "3.004", "-0.9"), (-3, "3.004", "100")])
def test_moves_over_which_triggers_would_fire_for_minutes_are_refused(reader, target, above, move):
    text = rules(UP={"target": target, "trigger": f"{{above: {above}}}"})
    question = {"rules": ["given:UP"], "text": text, "moves": [move] * 40}
    answer = reader.post("/api/v1/product-profiles", json=question)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:truenav:problem:profile-input")
    assert "more than 20,000" in answer.json()["detail"]
    assert asked(reader, "product-profiles", **{**question, "moves": ["0.1", "-0.1"]})["profiles"]


def test_a_move_that_leaves_next_to_nothing_is_shown(reader):
    question = {"rules": ["hbtc:BTC3L"], "moves": ["-0.9999999999999999999999999"]}
    (shown,) = asked(reader, "product-profiles", **question)["profiles"]
    assert -1 <= Decimal(shown["one_way"][0]) < Decimal("-0.99")


def test_a_short_file_whose_answer_would_be_long_is_refused(reader):
    notes = "".join(f"  - {place} {'x' * 1_990}\n" for place in range(30))
    products = "".join(
        f"  - {{id: P{place}, underlying: BTC, quote: USDT, target: 3}}\n" for place in range(900)
    )
    text = f"issuer: Nobody\nassumptions:\n{notes}terms: [{{since: 2020-01-01}}]\nproducts:\n{products}"
    answer = reader.post("/api/v1/product-rule-checks", json={"text": text})
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:truenav:problem:rule-sets")
    assert "check fewer" in answer.json()["detail"]


def test_what_is_watched_without_pause_costs_more_and_less_of_it_is_taken(reader):
    path = {"is": "described", "days": 250, "marks_a_day": 1440, "change": "0", "volatility": "1"}
    question = {"rules": ["hbtc:BTC3L", "hbtc:BTC3S"], "history": path, "manner": {"continuous": True}}
    answer = reader.post("/api/v1/product-replays", json=question)
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:truenav:problem:replay-input")
    assert "5 for each that is watched without pause" in answer.json()["detail"]


def test_long_replays_take_turns_and_who_comes_later_is_sent_away_at_once(reader):
    text = rules(UP={"target": 2})
    path = {"is": "described", "days": 150, "marks_a_day": 1440, "change": "0", "volatility": "0.5"}
    long = {"rules": ["given:UP"], "text": text, "history": path}
    lines = [f"2025-01-{day:02}T00:00:00Z,{100 + day}" for day in range(1, 31)]
    file = BytesIO()
    pl.read_csv("\n".join(["time,price", *lines]).encode()).write_parquet(file)
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(turn())
        refused = reader.post("/api/v1/product-replays", json=long)
        assert (refused.status_code, refused.json()["type"]) == (429, "urn:truenav:problem:overloaded")
        assert int(refused.headers["Retry-After"]) > 0
        assert _sent(reader, "p.parquet", file.getvalue(), rules=["hbtc:BTC3L"]).status_code == 429
        asked(reader, "product-replays", rules=["hbtc:BTC3L"], history=marks([100, 101]))
    asked(reader, "product-replays", **long)
    assert _sent(reader, "p.parquet", file.getvalue(), rules=["hbtc:BTC3L"]).status_code == 200


def test_rules_that_would_act_at_every_mark_of_a_year_are_left_out(reader):
    path = {"is": "described", "days": 365, "marks_a_day": 1440, "change": "0", "volatility": "0.8"}
    busy = rules(UP={"target": 3, "trigger": "{above: 3.003}"}, CALM={"target": 3})
    found = asked(reader, "product-replays", rules=["given:UP", "given:CALM"], text=busy, history=path)
    assert [one["rules"] for one in found["replays"]] == ["given:CALM"]
    assert "steps" in found["refused"][0]["message"]


def test_who_may_not_read_products_computes_none(installation, tenant):
    investor = installation.logged_in(tenant, "ivy", "investor")
    question = {"rules": ["hbtc:BTC3L"], "history": marks([100, 101])}
    assert investor.post("/api/v1/product-replays", json=question).status_code == 403


@pytest.mark.parametrize("page", ["product-attributions", "product-series"])
def test_a_window_of_the_first_days_there_are_is_a_window_like_others(house, page):
    answer = house.checker.get(f"/api/v1/{page}/zz3l", params={"until": "0001-01-01T00:00:00Z"})
    assert answer.status_code == 422, answer.text

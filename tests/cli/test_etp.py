"""``truenav etp``: replays of price files, without an installation."""

from __future__ import annotations

import csv
import json
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from io import StringIO
from pathlib import Path

import pytest
from tests.cli.conftest import Shell

SHARED = Path(__file__).parents[3] / "shared" / "data"
FTX_DAYS = SHARED / "ohlcv_binance_spot_1m_ftx" / "spot_1m_20221108_09.parquet"
OCTOBER = SHARED / "ohlcv_binance_usdm_30m" / "perp_2024-01_2026-03.parquet"

RULES = """issuer: Nobody
terms:
  - since: 2020-01-01
    exposure: perpetual
    schedules: [{at: 00:00}]
    trigger: {above: 4}
    fees: [{rate: 0.001, at: 00:00}]
    merge: {at_or_below: 50, ratio: 20}
products:
  - {id: UP, underlying: BTC, quote: USDT, target: 3}
  - {id: DOWN, underlying: BTC, quote: USDT, target: -3}
"""
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def etp(tmp_path, monkeypatch) -> Shell:
    """A shell in an empty folder; there is no data folder, no tenant and nobody logged in."""
    monkeypatch.setenv("TRUENAV_DATA_DIR", str(tmp_path / "nothing"))
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path, tmp_path, "", monkeypatch)
    shell.write("rules.yaml", RULES)
    return shell


def prices(
    shell: Shell, *marks: str | int, every: timedelta = timedelta(hours=12), name: str = "p.csv"
) -> str:
    lines = [f"{(START + every * place).isoformat()},{mark}" for place, mark in enumerate(marks)]
    return shell.write(name, "time,price\n" + "\n".join(lines) + "\n")


def test_a_replay_tells_what_happened_and_where_the_return_came_from(etp):
    page = etp.ok("etp", "simulate", "rules.yaml:UP", prices(etp, 100, 88, 110))
    assert "UP of Nobody, 3x BTC in USDT" in page
    assert "2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z, 3 marks, one every 12 h" in page
    assert "1 scheduled and 1 triggered rebalances" in page
    assert "financing is not in these figures" in page
    assert [line.split()[:3] for line in page.splitlines() if "triggered  " in line] == [
        ["2026-01-01T12:00:00Z", "triggered", "88.0000"]
    ]
    parts = page.partition("Where the return came from")[2].partition("together")
    shown = [Decimal(line.split()[-1]) for line in parts[0].splitlines()[1:] if line.strip()]
    assert abs(sum(shown) - Decimal(parts[2].split()[0])) <= Decimal("0.03")


def test_files_hold_exact_figures_and_the_same_inputs_make_the_same_bytes(etp):
    file = prices(etp, 100, 95, 103, 90, 107)
    etp.ok("etp", "simulate", "rules.yaml", file, "--product", "DOWN", "--out", "one", "--marks", "all")
    etp.ok("etp", "simulate", "rules.yaml:DOWN", file, "--out", "two", "--marks", "all")
    names = {path.name for path in Path("one").iterdir()}
    assert names == {"nav.csv", "events.csv", "attribution.json"}
    assert all((Path("one") / name).read_bytes() == (Path("two") / name).read_bytes() for name in names)
    found = json.loads(Path("one/attribution.json").read_text("utf-8"))
    assert sum(map(Decimal, found["parts"].values())) == pytest.approx(Decimal(found["return"]))
    path = list(csv.DictReader(Path("one/nav.csv").read_text("utf-8").splitlines()))
    assert len(path) == 5
    assert path[-1]["nav"] == found["nav_after"]
    assert path[1]["nav"] == "115"
    events = list(csv.DictReader(Path("one/events.csv").read_text("utf-8").splitlines()))
    for event in events:
        worth = Decimal(event["position"]) * Decimal(event["price"]) + Decimal(event["cash"])
        assert worth == pytest.approx(Decimal(event["nav"]), rel=Decimal("1e-25"))
    assert [event["kind"] for event in events] == ["scheduled", "scheduled"]


def test_numbers_sum_without_rounding_and_round_where_asked(etp):
    file = prices(etp, 100, 95, 103, 90, 107)
    whole = json.loads(etp.ok("etp", "simulate", "rules.yaml:UP", file, "--output", "json"))
    with_all = json.loads(
        etp.ok("etp", "simulate", "rules.yaml:UP", file, "--output", "json", "--marks", "all")
    )
    assert [len(whole["nav"]), len(with_all["nav"])] == [3, 5]
    assert whole["events"] == with_all["events"]
    assert whole["inputs"]["rules"]["name"] == "rules.yaml"
    assert len(whole["inputs"]["prices"]["sha256"]) == 64
    rounded = json.loads(
        etp.ok("etp", "simulate", "rules.yaml:UP", file, "--output", "json", "--places", "4")
    )
    assert Decimal(rounded["return"]) == round(Decimal(whole["return"]), 4)


def test_a_plain_loop_of_fractions_comes_to_the_same_nav(etp):
    """Rules as they are told, in a loop of its own: a fee and a rebalance at midnight, 4x in between."""
    walk, price, marks = random.Random(7), Fraction(60_000), []
    for _ in range(600):
        price *= 1 + Fraction(walk.randint(-300, 300), 10_000)
        marks.append(Decimal(round(price * 100)) / 100)
    file = prices(etp, *marks, every=timedelta(minutes=30))
    found = json.loads(etp.ok("etp", "simulate", "hbtc:BTC3L", file, "--output", "json", "--marks", "all"))
    held, cash, navs, triggered = 300 / Fraction(marks[0]), Fraction(-200), [Fraction(100)], 0
    for place, mark in enumerate(map(Fraction, marks[1:]), start=1):
        nav = held * mark + cash
        is_first_after_00_02 = place % 48 == 1
        if is_first_after_00_02:
            nav *= 1 - Fraction(3, 10_000)
        is_over = held * mark >= 4 * nav
        triggered += is_over and not is_first_after_00_02
        if is_first_after_00_02 or is_over:
            held, cash = 3 * nav / mark, -2 * nav
        navs.append(nav)
    assert triggered > 0
    assert found["triggered"] == triggered
    for row, nav in zip(found["nav"], navs, strict=True):
        assert abs(Fraction(row["nav_adjusted"]) / nav - 1) < Fraction(1, 10**60)


def test_csv_on_standard_output_is_the_nav_path(etp):
    out = etp.ok("etp", "simulate", "rules.yaml:UP", prices(etp, 100, 110, 99), "--output", "csv")
    rows = list(csv.reader(StringIO(out)))
    assert rows[0] == ["at", "price", "nav", "nav_adjusted", "leverage"]
    assert rows[1] == ["2026-01-01T00:00:00Z", "100", "100", "100", "3"]
    assert rows[-1][:2] == ["2026-01-02T00:00:00Z", "99"]


def test_watched_without_pause_a_trigger_has_no_gap(etp):
    file = prices(etp, 100, 85)
    found = [
        json.loads(etp.ok("etp", "simulate", "rules.yaml:UP", file, "--output", "json", *more))
        for more in ((), ("--continuous",))
    ]
    assert [one["triggered"] for one in found] == [1, 1]
    assert Decimal(found[0]["parts"]["gap"]) < Decimal("-0.01")
    assert abs(Decimal(found[1]["parts"]["gap"])) < Decimal("1e-60")
    assert [one["triggers_filled_at"] for one in found] == ["the mark", "their own price"]
    page = etp.ok("etp", "simulate", "rules.yaml:UP", file, "--continuous")
    assert "gaps at triggers" not in page
    assert "which no real market promises" in page


def test_share_merges_and_gaps_are_told(etp):
    lines = [
        "2026-01-01T00:00:00Z,100",
        "2026-01-01T06:00:00Z,97",
        "2026-01-01T12:00:00Z,90",
        "2026-01-02T00:00:00Z,81",
        "2026-01-02T06:00:00Z,82",
    ]
    file = etp.write("p.csv", "time,price\n" + "\n".join(lines) + "\n")
    page = etp.ok("etp", "simulate", "rules.yaml:UP", file)
    assert "share change at 2026-01-02T00:00:00Z: NAV of a unit times 20" in page
    assert "1 gaps in the marks, the longest of 12 h after 2026-01-01T12:00:00Z" in page


def test_funding_is_charged_from_its_file_and_no_longer_unknown(etp):
    file = prices(etp, 100, 100, 100)
    rates = etp.write("funding.csv", "time,funding_rate\n2026-01-01T12:00:00Z,0.001\n")
    args = ("etp", "simulate", "rules.yaml:UP", file, "--output", "json", "--funding", rates)
    found = json.loads(etp.ok(*args))
    assert found["financing_from"] == "rates"
    assert Decimal(found["parts"]["financing"]) == Decimal("-0.003")
    assert set(found["inputs"]) == {"rules", "prices", "funding"}


def test_what_cannot_be_replayed_is_refused_in_one_line_that_says_how_to_mend_it(etp):
    file = prices(etp, 100, 0, 100)
    ran = etp("etp", "simulate", "rules.yaml:UP", file)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == "truenav: p.csv, line 3 (2026-01-01T12:00:00Z): the price 0 is not above 0.\n"
    ran = etp("etp", "simulate", "rules.yaml", prices(etp, 100, 101))
    assert (ran.code, ran.err) == (
        3,
        "truenav: rules.yaml holds 2 products; choose one of UP, DOWN with --product.\n",
    )
    ran = etp("etp", "simulate", "rules.yaml:SIDEWAYS", prices(etp, 100, 101))
    assert (ran.code, "it has UP, DOWN" in ran.err) == (3, True)
    ran = etp("etp", "simulate", "nothing", prices(etp, 100, 101))
    assert (ran.code, "hbtc" in ran.err) == (3, True)
    Path("broken.yaml").write_bytes(b"\xff\xfe\x00")
    ran = etp("etp", "simulate", "broken.yaml", prices(etp, 100, 101))
    assert (ran.code, "not text in UTF-8" in ran.err) == (2, True)


def test_a_product_is_not_replayed_beyond_its_time_unless_asked_what_if(etp):
    file = prices(etp, 100, 101)
    ran = etp("etp", "simulate", "ftx:BULL", file)
    assert ran.code == 2
    assert "ended at 2022-11-11T00:00:00Z" in ran.err
    assert "as if they had always held" in ran.err
    page = etp.ok("etp", "simulate", "ftx:BULL", file, "--rules-as-of", "2021-01-01T00:00:00Z")
    assert "BULL of FTX, 3x BTC in USD" in page
    assert "a what-if: the rules of 2021-01-01T00:00:00Z as if they had always held" in page
    ran = etp(
        "etp",
        "simulate",
        "index-coop-fli:ETH2x-FLI",
        etp.write("old.csv", "time,price\n1500000000,1\n1500003600,1\n"),
    )
    assert "begin later, or take" in ran.err


def test_rule_sets_are_compared_over_the_same_marks(etp):
    file = prices(etp, 100, 88, 110, 101)
    page = etp.ok("etp", "compare", "rules.yaml", "hbtc:BTC3L", file)
    rows = [line.split() for line in page.splitlines() if line.startswith(("rules.yaml", "hbtc"))]
    assert [row[:3] for row in rows] == [
        ["rules.yaml", "UP", "3"],
        ["rules.yaml", "DOWN", "-3"],
        ["hbtc", "BTC3L", "3"],
    ]
    found = json.loads(etp.ok("etp", "compare", "rules.yaml", file, "--target", "3", "--output", "json"))
    alone = json.loads(etp.ok("etp", "simulate", "rules.yaml:UP", file, "--output", "json"))
    assert [row["product"] for row in found] == ["UP"]
    assert found[0]["nav"] == alone["nav_after"]
    assert found[0]["return"] == alone["return"]
    assert found[0]["financing"] is None


def test_products_that_cannot_be_compared_are_named(etp):
    file = prices(etp, 100, 101)
    ran = etp("etp", "compare", "ftx:BULL", "rules.yaml", file, "--underlying", "BTC")
    assert ran.code == 0
    assert "left out: ftx BULL: BULL ended" in ran.err
    assert (
        "left out: rules.yaml: none of its products"
        in etp("etp", "compare", "hbtc", "rules.yaml", file, "--target", "3", "--underlying", "SOL").err
    )
    ran = etp("etp", "compare", "ftx:BULL", file)
    assert (ran.code, "No product is left to compare" in ran.err) == (2, True)
    assert etp("etp", "compare", file).code == 2
    assert "is the file of prices" in etp("etp", "compare", "hbtc", "missing.csv").err


def test_the_next_trigger_is_told_from_a_price_or_from_a_replay(etp):
    page = etp.ok("etp", "trigger", "hbtc:BTC3L", "--price", "100")
    assert "rebalance     88.8889  -11.11    4.0000  3.0000       -0.7500      -100.00" in page
    found = json.loads(etp.ok("etp", "trigger", "rules.yaml:UP", prices(etp, 100, 95), "--output", "json"))[0]
    assert found["at"] == "2026-01-01T12:00:00Z"
    assert found["next_due"] == "2026-01-02T00:00:00Z"
    assert round(Decimal(found["triggers"][0]["price"]), 4) == Decimal("88.8889")
    assert "Give either a file of prices or --price" in etp("etp", "trigger", "rules.yaml:UP").err
    etp.write(
        "calm.yaml", RULES.replace("trigger: {above: 4}", "trigger: {}").replace("target: 3", "target: 0.5")
    )
    assert "no price makes this product act by itself" in etp.ok(
        "etp", "trigger", "calm.yaml:UP", "--price", "5"
    )


def test_decay_is_that_of_theory(etp):
    """Cheng and Madhavan: 80 % volatility over a year takes 85.34 % of 3x and 97.85 % of -3x."""
    for leverage, loss in ((3, "-0.853393"), (-3, "-0.978506")):
        args = ("--leverage", str(leverage), "--volatility", "0.8", "--days", "365", "--output", "json")
        found = json.loads(etp.ok("etp", "decay", *args))[0]
        assert round(Decimal(found["together"]), 6) == Decimal(loss)
    page = etp.ok(
        "etp", "decay", "--leverage", "3", "--volatility", "0.8", "--days", "365", "--fee", "0.0003"
    )
    assert "volatility decay" in page
    assert etp("etp", "decay", "--leverage", "3", "--volatility", "-1", "--days", "1").code == 2
    assert etp("etp", "decay", "--leverage", "3", "--volatility", "a lot", "--days", "1").code == 2


def test_a_note_on_risks_is_written_in_both_languages(etp):
    english, chinese = (
        etp.ok("etp", "risk-note", "rules.yaml:UP", "--language", language) for language in ("en", "zh")
    )
    assert len(english.splitlines()) == len(chinese.splitlines()) > 3
    assert all(line.startswith("- ") for line in english.splitlines())
    assert "11.11 %" in english
    assert "UP" in chinese


def test_ready_rules_are_listed_and_shown_in_full_and_what_is_shown_can_be_used(etp):
    listed = json.loads(etp.ok("etp", "rules", "--output", "json"))
    assert {"family": "hbtc", "product": "BTC3L", "target": "3"}.items() <= listed[
        [row["family"] + row["product"] for row in listed].index("hbtcBTC3L")
    ].items()
    text = etp.ok("etp", "rules", "hbtc:BTC3S")
    assert "conflicts:" in text
    assert "support.hbtc.co" in text
    etp.write("mine.yaml", text)
    file = prices(etp, 100, 103, 99)
    ours, ready = (
        etp.ok("etp", "simulate", rules, file, "--output", "csv") for rules in ("mine.yaml", "hbtc:BTC3S")
    )
    assert ours == ready
    assert json.loads(etp.ok("etp", "rules", "hbtc", "--output", "json"))[0]["id"] == "BTC3L"


@pytest.mark.parametrize(
    "arguments",
    [
        ("simulate", "rules.yaml:UP", "p.csv", "--nav", "0"),
        ("simulate", "rules.yaml:UP", "p.csv", "--nav", "-1"),
        ("simulate", "rules.yaml:UP", "p.csv", "--nav", "NaN"),
        ("simulate", "rules.yaml:UP", "p.csv", "--places", "-1"),
        ("simulate", "rules.yaml:UP", "p.csv", "--zone", "Mars/Base"),
        ("simulate", "rules.yaml:UP", "p.csv", "--from", "2026-01-01"),
        (
            "simulate",
            "rules.yaml:UP",
            "p.csv",
            "--from",
            "2026-01-02T00:00:00Z",
            "--to",
            "2026-01-01T00:00:00Z",
        ),
        ("simulate", "rules.yaml:UP", "rules.yaml"),
        ("trigger", "rules.yaml:UP", "--price", "0"),
        ("trigger", "rules.yaml:UP", "--price", "-5"),
        ("decay", "--leverage", "1e9", "--volatility", "5", "--days", "1000", "--drift", "5"),
        ("decay", "--leverage", "3", "--volatility", "1e9", "--days", "1000"),
        ("decay", "--leverage", "3", "--volatility", "1", "--days", "1e9"),
        ("decay", "--leverage", "3", "--volatility", "1", "--days", "1", "--drift", "-1"),
        ("decay", "--leverage", "3", "--volatility", "1", "--days", "1", "--fee", "1"),
    ],
)
def test_options_that_make_no_sense_are_refused(etp, arguments):
    prices(etp, 100, 101)
    ran = etp("etp", *arguments)
    assert (ran.code, ran.out) == (2, "")
    assert len(ran.err.strip()) > 20


@pytest.mark.skipif(not FTX_DAYS.exists(), reason="the shared price histories are not here")
def test_the_days_of_the_ftx_collapse(etp):
    page = etp.ok("etp", "simulate", "hbtc:BTC3L", str(FTX_DAYS), "--symbol", "BTCUSDT", "--zone", "UTC")
    assert "1,000 marks, one every 1 min" in page
    assert "1 scheduled and 0 triggered rebalances" in page
    page = etp.ok("etp", "simulate", "hbtc:BTC3L", str(FTX_DAYS), "--symbol", "FTTUSDT", "--zone", "UTC")
    assert "the marks are of FTTUSDT, the rules of a product on BTC" in page
    assert "triggered" in page


@pytest.mark.skipif(not OCTOBER.exists(), reason="the shared price histories are not here")
def test_the_tenth_of_october(etp):
    """ETH at 3x: one trigger within the day, and no short one."""
    window = ("--from", "2025-10-10T00:00:00Z", "--to", "2025-10-12T00:00:00Z")
    args = (str(OCTOBER), "--symbol", "ETHUSDT-PERP", "--zone", "UTC", *window, "--output", "json")
    found = {row["product"]: row for row in json.loads(etp.ok("etp", "compare", "hbtc", *args))}
    assert found["BTC3L"]["triggered"] >= 1
    assert Decimal(found["BTC3L"]["gap"]) < 0
    assert Decimal(found["BTC3L"]["return"]) < Decimal("-0.3") < Decimal(found["BTC3S"]["return"])


def test_a_replay_imports_neither_numbers_in_bulk_nor_the_server(etp):
    """They would cost more time than the whole replay."""
    heavy = "{'numba', 'numpy', 'polars', 'sqlalchemy', 'httpx', 'fastapi', 'pydantic'}"
    code = (
        "import sys; sys.argv = ['truenav', 'etp', 'simulate', 'hbtc:BTC3L', 'p.csv']\n"
        "from truenav.cli import run; code = run()\n"
        f"print(sorted({heavy} & sys.modules.keys())); sys.exit(code)"
    )
    prices(etp, 100, 101)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"

"""Bulk import: what is right comes in exactly, what is wrong is told with its line and column."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.connect import registry
from truenav.connect.contract import ParseContext
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files import TEMPLATES, check
from truenav.core.asset import (
    BTC,
    BUILTIN_ALIASES,
    BUILTIN_ASSETS,
    ETH,
    USD,
    USDT,
    Asset,
    AssetAlias,
    AssetBook,
    AssetKind,
)
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind
from truenav.core.money import Amount

T0 = datetime(2026, 2, 1, tzinfo=UTC)
PERP = Instrument(
    "okx:BTC-USD-SWAP", "okx", "BTC-USD-SWAP", InstrumentKind.PERPETUAL, BTC, USD, BTC, Decimal(100), True
)
TWIN = Asset("eip155:1/erc20:0x01", "PEPE", "Pepe", AssetKind.CRYPTO, 18)
OTHER = replace(TWIN, id="eip155:1/erc20:0x02")
ALIASES = (*BUILTIN_ALIASES, AssetAlias("*", "PEPE", TWIN.id), AssetAlias("*", "PEPE", OTHER.id))
CONTEXT = ParseContext(AssetBook((*BUILTIN_ASSETS, TWIN, OTHER), ALIASES), InstrumentBook((PERP,)))
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "import-templates.md"

AT = "2026-01-01T00:00:00Z"
BALANCES = "account,as_of,asset,amount\n"
TRADES = "account,external_id,occurred_at,instrument,side,quantity,price,fee,fee_asset,tag\n"


def run(name, text, **more):
    data = text if isinstance(text, bytes) else text.encode()
    return check(name, data, CONTEXT, imported_at=T0, **more)


def only_problem(name, text, **more):
    report = run(name, text, **more)
    assert report.facts == ()
    assert report.problem_count == 1
    problem = report.problems[0]
    assert problem.message
    assert problem.mend
    return problem


def test_balances_of_a_wallet_become_one_snapshot():
    report = run(
        "balances.csv", BALANCES + "a,2026-01-01T00:00:00+08:00,BTC,1.50\na,2025-12-31T16:00:00Z,ETH,0\n"
    )
    assert report.rows == 2
    (fact,) = report.facts
    assert fact.source == "file:balances"
    assert fact.external_id == "main@2025-12-31T16:00:00Z"
    assert [(line.asset, line.total) for line in fact.body.lines] == [(BTC, Decimal("1.5"))]


def test_a_spot_trade_by_pair_brings_its_instrument():
    report = run(
        "trades.csv", TRADES + "a,1,2026-01-01T00:00:00Z,ETH-USDT,sell,2,2000.5,0.1,USDT,mm1-000123\n"
    )
    (fact,) = report.facts
    assert fact.body.cost == Amount(Decimal(4001), USDT)
    assert fact.body.quantity == -2
    assert fact.body.fees == (Amount(Decimal("-0.1"), USDT),)
    assert fact.body.tag == "mm1"
    assert [(one.id, one.base) for one in report.instruments] == [("file:ETH-USDT", ETH)]


def test_a_future_trade_moves_only_what_was_realised():
    columns = "account,external_id,occurred_at,instrument,side,quantity,price,realised\n"
    (fact,) = run(
        "trades.csv", columns + "a,1,2026-01-01T00:00:00Z,okx:BTC-USD-SWAP,buy,3,40000,0.01\n"
    ).facts
    assert fact.body.cost is None
    assert fact.body.realised == Amount(Decimal("0.01"), BTC)


def test_json_lines_an_array_and_csv_state_the_same():
    row = {"account": "a", "as_of": "2026-01-01T00:00:00Z", "asset": "BTC", "amount": "1.5"}
    csv = run("balances.csv", BALANCES + "a,2026-01-01T00:00:00Z,BTC,1.5\n")
    array = run("balances.json", json.dumps([row]))
    lines = run("balances.jsonl", json.dumps({**row, "amount": 1.5}) + "\n")
    facts = [replace(report.facts[0], evidence="") for report in (csv, array, lines)]
    assert facts[0] == facts[1] == facts[2]


def test_a_uint256_keeps_all_its_digits():
    number = str(2**256 - 1)
    (fact,) = run("balances.csv", BALANCES + f"a,2026-01-01T00:00:00Z,ETH,{number}\n").facts
    assert fact.body.lines[0].total == Decimal(number)


@pytest.mark.parametrize(
    ("cells", "column"),
    [
        ("a,2026-01-01T00:00:00,BTC,1", "as_of"),
        ("a,yesterday,BTC,1", "as_of"),
        ("a,2026-01-01T00:00:00Z,NOSUCH,1", "asset"),
        ("a,2026-01-01T00:00:00Z,PEPE,1", "asset"),
        ("a,2026-01-01T00:00:00Z,BTC,NaN", "amount"),
        ("a,2026-01-01T00:00:00Z,BTC,inf", "amount"),
        ('a,2026-01-01T00:00:00Z,BTC,"1,5"', "amount"),
        ("a,2026-01-01T00:00:00Z,BTC," + "9" * 80, "amount"),
        ("a,2026-01-01T00:00:00Z,BTC,=1+1", "amount"),
        (",2026-01-01T00:00:00Z,BTC,1", "account"),
        ("a,2026-01-01T00:00:00Z,BTC,", "amount"),
        ("a,2026-01-01T00:00:00Z,BTC,1,2", ""),
        ("a,2026-01-01T00:00:00Z,BTC", ""),
        ('a,2026-01-01T00:00:00Z,BTC,"1', ""),
    ],
)
def test_a_wrong_cell_is_told_with_its_physical_line_and_column(cells, column):
    text = BALANCES + '"two\nlines",2026-01-01T00:00:00Z,BTC,1\n\n' + cells + "\n"
    report = run("balances.csv", text)
    assert report.facts == ()
    problem = report.problems[-1]
    assert (problem.line, problem.column) == (5, column)


def test_negative_where_forbidden_and_unknown_choice_are_both_told():
    columns = "account,external_id,occurred_at,direction,asset,amount,fee\n"
    report = run("transfers.csv", columns + "a,1,2026-01-01T00:00:00Z,sideways,BTC,-1,-2\n")
    assert [problem.column for problem in report.problems] == ["direction", "amount", "fee"]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfea\x00",
        "account,as_of,asset,amount\nä,2026-01-01T00:00:00Z,BTC,1\n".encode("latin-1"),
        b"account,as_of,asset,amount\na\0,2026-01-01T00:00:00Z,BTC,1\n",
        b"PK\x03\x04",
        b"account;as_of;asset;amount\n",
        b"account,as_of,asset\n",
        b"account,as_of,asset,amount,colour\n",
        b"account,as_of,asset,amount,amount\n",
        b",".join(b"c%d" % n for n in range(10_000)) + b"\n",
    ],
)
def test_a_file_that_cannot_be_read_as_a_whole_says_so_in_one_sentence(data):
    only_problem("balances.csv", data)


@pytest.mark.parametrize(
    "text", ['[{"account": 1}', '[{"account": "a", "account": "b"}]', '[{"account": []}]', "[1]"]
)
def test_broken_json_is_told(text):
    assert run("accounts.json", text).problem_count


def test_a_repeated_row_counts_once_and_a_changed_one_is_a_problem():
    row = "a,1,2026-01-01T00:00:00Z,ETH-USDT,sell,2,2000.5,,,\n"
    report = run("trades.csv", TRADES + row + row)
    assert len(report.facts) == 1
    assert report.duplicates == (3,)
    problem = only_problem("trades.csv", TRADES + row + row.replace("2000.5", "2000.6"))
    assert problem.line == 3
    assert "line 2" in problem.message


def test_all_problems_are_counted_and_a_thousand_shown():
    report = run("balances.csv", BALANCES + "a,x,BTC,1\n" * 1500)
    assert report.problem_count == 1500
    assert len(report.problems) == 1000


def test_an_account_nobody_created_is_a_problem():
    text = BALANCES + "a,2026-01-01T00:00:00Z,BTC,1\n"
    assert run("balances.csv", text, accounts={"a"}).facts
    assert only_problem("balances.csv", text, accounts={"b"}).column == "account"


def test_a_file_named_like_no_template_is_refused():
    with pytest.raises(ImportRefusedError, match="balances"):
        run("holdings.csv", "")


def test_a_byte_order_mark_is_no_part_of_the_header():
    assert run("balances.csv", b"\xef\xbb\xbf" + (BALANCES + "a,2026-01-01T00:00:00Z,BTC,1\n").encode()).facts


def test_the_verifier_reads_the_same_facts_from_the_payload():
    for name, text in EXAMPLES.items():
        report = run(f"{name}.csv", text)
        assert report.problems == ()
        parsed = registry.parse(report.payload.evidence, report.payload.body, CONTEXT)
        assert parsed.facts == report.facts
        assert parsed.instruments == report.instruments


EXAMPLES = {
    "accounts": "account,name,venue,kind,wallets\ncold,Cold store,custodian,custodian,main vault\n",
    "balances": BALANCES + f"a,{AT},BTC,1\n",
    "positions": f"account,as_of,instrument,quantity,entry_price\na,{AT},okx:BTC-USD-SWAP,-3,1\n",
    "trades": TRADES + f"a,1,{AT},ETH-USDT,buy,2,2000.5,,,\n",
    "transfers": f"account,external_id,occurred_at,direction,asset,amount\na,1,{AT},in,BTC,1\n",
    "cash_flows": f"account,external_id,occurred_at,kind,asset,amount\na,1,{AT},interest,BTC,-1\n",
    "settlements": "account,external_id,occurred_at,instrument,quantity,price,asset,cash\n"
    f"a,1,{AT},okx:BTC-USD-SWAP,3,90000,BTC,-0.01\n",
    "prices": f"at,base,quote,price\n{AT},BTC,USD,42000\n{AT},okx:BTC-USD-SWAP,USD,1\n",
    "nav": f"fund,share_class,as_of,nav,currency,units\nf,a,{AT},100,USD,10\n",
    "dealings": "fund,share_class,external_id,occurred_at,kind,investor,units,amount,currency\n"
    f"f,a,1,{AT},subscription,node:fof,10,1000,USD\n",
}


def test_every_template_has_an_example_and_a_documented_table():
    assert EXAMPLES.keys() == TEMPLATES.keys()
    text = REFERENCE.read_text()
    for template in TEMPLATES.values():
        assert f"## {template.name}" in text
        for column in template.columns:
            assert f"| `{column.name}` |" in text
            assert column.meaning in text


def test_accounts_come_as_accounts():
    (account,) = run("accounts.csv", EXAMPLES["accounts"]).accounts
    assert account.wallets == ("main", "vault")
    assert only_problem("accounts.csv", EXAMPLES["accounts"].replace("cold,", "Cold!,", 1)).line == 2


@given(st.binary(max_size=300), st.sampled_from(sorted(TEMPLATES)))
def test_no_bytes_raise_anything_but_become_problems(data, template):
    assert run("any.csv", data, template=template).rows >= 0


@given(st.lists(st.lists(st.text(max_size=12), min_size=4, max_size=4), max_size=5))
def test_no_cells_raise_anything(rows):
    import csv
    import io

    out = io.StringIO()
    csv.writer(out).writerows([["account", "as_of", "asset", "amount"], *rows])
    run("balances.csv", out.getvalue().encode("utf-8", "replace"))


def test_the_simulators_statements_come_in_without_a_problem(lab):
    import asyncio

    from truenav.simulator.export import COLUMNS, statement_rows

    async def read():
        async with lab() as world:
            for name, plan in world.world.scenario.accounts.items():
                if plan.venue.dialect != "file":
                    continue
                for template, rows in statement_rows(world.world, name).items():
                    lines = [",".join(COLUMNS[template]), *(",".join(row.values()) for row in rows)]
                    report = run(f"{template}.csv", "\n".join(lines) + "\n")
                    assert report.problems == ()
                    assert report.rows == len(rows)

    asyncio.run(read())

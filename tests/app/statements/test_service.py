"""Printed statements: every figure against the run's result by value, and names that try to be markup."""

from __future__ import annotations

import io
from dataclasses import replace
from decimal import Decimal

import pytest
from pypdf import PdfReader
from tests.app.statements.sample import BUNDLE_SHA, KEY, past, subject, text_of

from truenav.app.statements.charts import fingerprint
from truenav.app.statements.figures import number, per_unit
from truenav.app.statements.service import document_of, safe_name, statement_of
from truenav.app.statements.words import Language, words
from truenav.calc.nav.model import Quality
from truenav.core.failure import Failure, FailureKind
from truenav.core.money import rounded
from truenav.store.issues import Issue
from truenav.store.runs import RunState


def value_of(text: str) -> Decimal:
    return Decimal(text.replace(",", "").replace("−", "-").replace("\u2009", ""))


def house(language=Language.EN, **changes):
    return text_of(statement_of(subject(**changes), language).pdf)


def renamed(name: str):
    """The small fund with this name for its fund, class, account and asset."""
    given = subject()
    inputs = given.inputs
    return replace(
        given,
        inputs=replace(
            inputs,
            nodes=tuple(replace(one, name=name) for one in inputs.nodes),
            accounts=tuple(replace(one, name=name) for one in inputs.accounts),
            share_classes=tuple(replace(one, name=name) for one in inputs.share_classes),
            assets=tuple(replace(one, symbol=name) for one in inputs.assets),
        ),
    )


def test_the_figures_of_the_document_are_those_of_the_result_rounded_once():
    given = subject()
    document, _ = document_of(given, Language.EN)
    root = given.result.root
    assert value_of(document["hero"]["amount"]) == rounded(root.nav_usd, 2)
    (row,), (one,) = document["classes"], root.classes
    assert value_of(row["units"]) == one.units
    assert value_of(row["per_unit"]) == rounded(one.nav_per_unit_currency, 6)
    assert value_of(row["nav_usd"]) == rounded(one.nav_usd, 2)
    assert value_of(document["lines"]["total"]) == rounded(sum(line.value_usd for line in root.lines), 2)
    shown = sum(value_of(line["value"]) for line in document["lines"]["rows"])
    assert abs(shown - value_of(document["lines"]["total"])) <= Decimal("0.01") * len(root.lines)
    for row, found in zip(
        document["numeraires"], (n for n in root.numeraires if n.code != "USD"), strict=True
    ):
        assert value_of(row["amount"]) == rounded(found.nav, 6)
    bridge, parts = root.bridge, document["bridge"]
    assert value_of(parts["opening"]) == rounded(bridge.opening_nav_usd, 2)
    for row in parts["rows"]:
        part = getattr(bridge, row["word"].removeprefix("bridge-") + "_usd")
        assert value_of(row["amount"]) == rounded(part, 2)


@pytest.mark.parametrize("language", Language)
def test_what_is_in_the_document_is_on_the_paper(language):
    given = subject()
    root = given.result.root
    text = house(language)
    (one,) = root.classes
    for figure in (
        number(root.nav_usd),
        number(root.gross_asset_value_usd),
        per_unit(one.nav_per_unit_currency).replace("\u2009", ""),
        number(root.bridge.opening_nav_usd),
        "2026-01-02 16:00:00 UTC",
        "Alpha Fünf",
        "Alice Ito",
        "鑫",
    ):
        assert figure in text, figure
    joined = "".join(text.split())
    assert BUNDLE_SHA in joined
    assert KEY in joined
    for key in ("classes", "coverage", "tree", "lines", "prices", "reconciliation", "signatures"):
        for code in ("en", "zh"):
            expected = language in (Language.BOTH, code)
            assert (words()[key][code] in text) == expected, (key, code)


def test_the_same_run_prints_the_same_bytes():
    first = statement_of(subject(), Language.BOTH)
    statement_of(subject(), Language.EN)
    assert statement_of(subject(), Language.BOTH) == first


def test_the_file_dates_from_the_valuation_and_not_from_a_clock():
    meta = PdfReader(io.BytesIO(statement_of(subject(), Language.EN).pdf)).metadata
    assert meta.creation_date_raw.startswith("D:20260102")
    assert meta.title == "Net asset value statement · Alpha Fünf · 2026-01-02"


@pytest.mark.parametrize(
    ("state", "mark"),
    [
        (RunState.CALCULATED, "PROVISIONAL"),
        (RunState.APPROVED, "PROVISIONAL"),
        (RunState.REJECTED, "REJECTED"),
        (RunState.SUPERSEDED, "SUPERSEDED"),
        (RunState.PUBLISHED, None),
    ],
)
def test_only_a_published_nav_has_no_mark_across_the_page(state, mark):
    text = house(state=state)
    assert {one for one in ("PROVISIONAL", "REJECTED", "SUPERSEDED") if one in text} == {mark} - {None}


def test_a_provisional_result_is_marked_and_says_what_it_lacks():
    given = subject(state=RunState.CALCULATED)
    root = given.result.root
    line = replace(root.lines[0], value_usd=None, price_usd=None, price=None, coverage=None)
    failure = Failure(FailureKind.UNPRICED, line.subject, "No price of BTC.", "Enter a manual mark.")
    cover = replace(root.coverage, lines_unpriced=1)
    fund = replace(root, lines=(line, *root.lines[1:]), coverage=cover)
    result = replace(
        given.result, quality=Quality.PROVISIONAL, funds=(fund,), coverage=cover, failures=(failure,)
    )
    text = house(state=RunState.CALCULATED, result=result)
    assert "PROVISIONAL" in text
    assert "Lines without a price 1" in text
    assert "All lines, without 1 unpriced" in text
    assert "Left out of every sum" in text
    assert "No price of BTC. Enter a manual mark." in text
    assert "not yet" in text
    assert "No price" in text


def test_an_open_data_issue_is_printed_with_its_mend():
    issue = Issue("i1", "gap", "okx-a", "Two trades are missing.", "Import them.", subject().run.as_of)
    text = house(issues=(issue,))
    assert "Two trades are missing. Import them." in text


HOSTILE = (
    '#eval("1 + 1")',
    '"]) #panic("out") #(["',
    "$ x^2 $ *bold* _it_ `raw` <label> @ref // comment /* more",
    '"; #import "@preview/x:1.0.0": *',
    "{0} {1} %s \\u{41} \\",
    "</text><image href='file:///etc/passwd'/>",
    "a" * 200,
    "鑫" * 200,
    "mixed \u202e txt.exe",
    "🚀🌕",
    "=HYPERLINK(1)",
)


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_is_text_whatever_it_looks_like(name):
    printed = statement_of(renamed(name), Language.BOTH)
    text = "".join(text_of(printed.pdf).split())
    expected = "".join(char if ord(char) < 0xFFFF and char != "\u202e" else "□" for char in name)
    assert "".join(expected.split()) in text
    assert len(PdfReader(io.BytesIO(printed.pdf)).pages) <= 12
    assert bool(printed.missing_glyphs) == ("□" in expected)
    if printed.missing_glyphs:
        assert all(one in text for one in printed.missing_glyphs)


def test_a_chart_needs_two_navs_and_a_bridge_a_nav_before():
    given = subject()
    root = replace(given.result.root, bridge=None)
    text = house(history=(), result=replace(given.result, funds=(root,)))
    assert "One NAV so far" in text
    assert "The first NAV of this fund" in text
    assert "What changed" not in text


def test_a_long_history_is_one_line_with_the_deepest_fall():
    document, _ = document_of(
        subject(
            history=tuple(past(days, str(200_000 + days), str(200 + days)) for days in range(300, 1, -1))
        ),
        Language.EN,
    )
    assert document["history"]["summary"]["args"][0] == "300"
    assert statement_of(subject(history=(past(3, "1000", None), past(2, "900", None))), Language.EN).pdf


def test_the_bars_on_paper_are_those_of_the_bundle():
    document, _ = document_of(subject(), Language.EN)
    assert document["proof"]["bars"] == fingerprint(BUNDLE_SHA, 120, 22)
    assert document["proof"]["command"].startswith("truenav verify alpha-20260102t160000-0001.zip --key ")


@pytest.mark.parametrize("name", ["Alpha", "0123456789abcdef" * 12])
def test_what_is_copied_from_the_paper_can_be_pasted(name):
    given = renamed(name)
    given = replace(given, run=replace(given.run, id="a-rather-long-name-of-a-fund-20260102t160000-0001"))
    text = text_of(statement_of(given, Language.EN).pdf)
    assert f"truenavverify{given.run.id}.zip--key{KEY}" in "".join(text.split())
    assert " ".join(BUNDLE_SHA[n : n + 8] for n in range(0, 64, 8)) in text
    assert "\u200b" not in text


def test_before_publication_the_hash_is_that_of_the_result():
    document, _ = document_of(subject(state=RunState.CALCULATED), Language.EN)
    assert document["proof"]["sha256"] == subject().run.result_sha
    assert document["proof"]["command"] is None


def test_strategies_are_left_out_for_a_role_that_does_not_see_them():
    given = subject()
    below = replace(given.inputs.nodes[0], id="carry", name="Secret carry", kind="strategy", parent="alpha")
    lines = tuple(replace(line, node="carry") for line in given.result.root.lines)
    totals = replace(given.result.nodes[0], node="carry")
    changed = replace(
        given,
        inputs=replace(given.inputs, nodes=(*given.inputs.nodes, below)),
        result=replace(
            given.result,
            funds=(replace(given.result.root, lines=lines),),
            nodes=(*given.result.nodes, totals),
        ),
    )
    assert "Secret carry" in text_of(statement_of(changed, Language.EN).pdf)
    masked = text_of(statement_of(changed, Language.EN, strategies=False).pdf)
    assert "Secret carry" not in masked
    assert "not shown to the role" in masked


@pytest.mark.parametrize(
    ("run", "name"),
    [("alpha-1", "alpha-1"), ('a/../"b\r\nX: y', "a-..-b-X-y"), ("鑫", "statement"), ("." * 9, "statement")],
)
def test_a_file_name_is_harmless(run, name):
    assert safe_name(run) == name

"""Printed statements by command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pypdf import PdfReader


@pytest.fixture
def run(fund):
    struck = fund.ok("nav", "strike", "alpha", "--as-of", "2026-01-31T08:00:00Z", "--output", "json")
    return json.loads(struck)[0]["run"]


def text_of(path: str) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(path).pages).replace("\u2009", "")


def test_a_run_is_printed_to_a_file(fund, run):
    assert fund.ok("nav", "statement", run, "--language", "both").strip() == f"{run}-both.pdf"
    text = text_of(f"{run}-both.pdf")
    for expected in ("Alpha Fund", "161,000.00", "161.000000", "PROVISIONAL", "净值报告", "暂估"):
        assert expected in text
    assert "Unknown, because the numeraire has no price: CNY, ETH, EUR" in text


def test_an_investors_statement_goes_where_it_is_told(fund, run):
    fund.ok("nav", "statement", run, "--investor", "founders", "--out", "mine.pdf")
    text = text_of("mine.pdf")
    assert "161,000.00" in text
    assert "vault" not in text


def test_what_cannot_be_printed_is_refused_and_writes_nothing(fund, run):
    assert fund("nav", "statement", "nothing").code == 3
    assert fund("nav", "statement", run, "--investor", "nobody", "--out", "x.pdf").code == 3
    assert fund("nav", "statement", run, "--language", "fr").code == 2
    assert not Path("x.pdf").exists()

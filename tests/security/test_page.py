"""The security page proves what it says: every line names tests, and every test it names exists."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")
LINES = [line for line in PAGE.splitlines() if re.match(r"\| (V\d|—)", line)]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


@cache
def functions_of(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text("utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


@pytest.mark.parametrize(("path", "test"), NAMED, ids=[test for _, test in NAMED])
def test_a_test_that_the_page_names_exists(path: str, test: str) -> None:
    assert (ROOT / path).exists(), path
    assert test in functions_of(path)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split("|")[3].strip()[:40])
def test_every_control_names_a_criterion_and_a_test(line: str) -> None:
    _, standard, criterion, control, proof, _ = line.split("|")
    assert standard.strip() == "—" or re.fullmatch(r"V\d+\.\d+(, V\d+\.\d+)*", standard.strip())
    assert re.fullmatch(r"(CC|A|PI|C)\d\.\d(, (CC|A|PI|C)\d\.\d)*", criterion.strip())
    assert control.strip()
    assert re.search(r"`tests/[\w/]+\.py::test_\w+`", proof)


def test_every_chapter_of_the_standard_is_spoken_of() -> None:
    assert {int(number) for number in re.findall(r"\bV(\d+)", PAGE)} == set(range(1, 18))

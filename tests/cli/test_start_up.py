"""Help is instant in a fresh process, because nothing heavy is loaded for it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from truenav.cli import NOUNS, truenav

HEAVY = (
    "sqlalchemy",
    "psycopg",
    "numba",
    "numpy",
    "polars",
    "fastapi",
    "pydantic",
    "httpx",
    "cedarpy",
    "rich",
)
REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"

_PROBE = """
import sys
sys.argv = ["truenav", *sys.argv[1:]]
from truenav.cli import run
try:
    sys.exit(run())
finally:
    print("loaded:", *sorted(set(sys.modules) & set({heavy!r})), file=sys.stderr)
"""


def help_of(*nouns: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _PROBE.format(heavy=HEAVY), *nouns, "--help"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run(command, capture_output=True, text=True, check=True, env=environment)


def test_help_answers_within_three_tenths_of_a_second():
    """Of processor time, the best of five, so that a busy machine does not count."""
    help_of()
    taken = []
    for _ in range(5):
        before = os.times()
        help_of()
        after = os.times()
        taken.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    assert min(taken) <= 0.3


@pytest.mark.parametrize("noun", ["", *sorted(NOUNS)])
def test_help_of_every_noun_loads_nothing_heavy(noun):
    ran = help_of(*([noun] if noun else []))
    assert "Usage:" in ran.stdout
    assert ran.stderr.strip() == "loaded:"


def paths(name: str, command: click.Command) -> list[str]:
    if isinstance(command, click.Group):
        return [path for sub in command.commands.items() for path in paths(f"{name} {sub[0]}", sub[1])]
    return [name]


def test_the_reference_lists_every_command_and_no_other():
    context = click.Context(truenav)
    real = {
        path
        for noun in NOUNS
        if (command := truenav.get_command(context, noun))
        for path in paths(f"truenav {noun}", command)
    }
    listed = {
        line.split("`")[1]
        for line in REFERENCE.read_text("utf-8").splitlines()
        if line.startswith("| `truenav")
    }
    assert listed == real

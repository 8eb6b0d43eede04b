"""Every stage passes a named point, and the environment can kill a process at one."""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import truenav
from truenav.store.commit_points import (
    COMMIT_POINTS,
    VARIABLE,
    KillAtError,
    UndeclaredCommitPointError,
    commit_point,
)

SOURCE = Path(truenav.__file__).parent

STAGES = {
    "gather": "app/sources/gather.py",
    "import": "cli/imports.py",
    "nav": "app/nav/runs.py",
    "orders": "app/trading/executor.py",
    "migrate": "store/migrate.py",
}
"""Where each kind of stage is written; a place that does not exist has no stages to kill."""


def _passed():
    """What each call of `commit_point` in the source names: a text, or None where it is not one."""
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "commit_point":
                (argument,) = node.args
                yield argument.value if isinstance(argument, ast.Constant) else None


def _run(code, **environment):
    script = f"from truenav.store.commit_points import commit_point\n{code}"
    env = {**os.environ, **environment}
    return subprocess.run([sys.executable, "-c", script], env=env, check=False, timeout=60).returncode


def test_every_declared_point_is_passed_and_every_passed_point_is_declared():
    passed = set(_passed())
    expected = {name for name in COMMIT_POINTS if (SOURCE / STAGES[name.split(".")[0]]).exists()}
    assert passed <= set(COMMIT_POINTS)
    assert passed >= expected


def test_normally_nothing_happens(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)
    commit_point("nav.calculated")


def test_an_undeclared_point_is_refused():
    with pytest.raises(UndeclaredCommitPointError):
        commit_point("nav.forgotten")


@pytest.mark.parametrize("text", ["nav.forgotten", "nav.calculated:0", "nav.calculated:x"])
def test_a_wrong_setting_is_refused_and_not_ignored(monkeypatch, text):
    monkeypatch.setenv(VARIABLE, text)
    with pytest.raises(KillAtError):
        commit_point("nav.calculated")


def test_the_process_dies_at_the_point_and_passing_that_were_named():
    twice = "commit_point('nav.collected'); commit_point('nav.calculated');" * 2
    assert _run(twice, **{VARIABLE: "nav.calculated"}) == -signal.SIGKILL
    assert _run(twice, **{VARIABLE: "nav.calculated:2"}) == -signal.SIGKILL
    assert _run(twice, **{VARIABLE: "nav.calculated:3"}) == 0

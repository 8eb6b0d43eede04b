"""The compiled simulation is never older than the text of its steps."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numba
import pytest

import truenav
from truenav.calc.etp.engine import _path_kernels, many_runs, running, stepping

SIMULATE = """
import numpy as np
from decimal import Decimal
from truenav.calc.etp.engine import _path_kernels as kernels
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.engine.many_paths import Path
from truenav.calc.etp.engine.simulate_many import simulate_many
from truenav.core.product import DailyTimes, Fee, Product, Terms

fee = Fee(Decimal("0.25"), DailyTimes(("00:01",)))
rules = Product("", "", "", "", (Terms(instant_of(0), Decimal(2), fees=(fee,)),))
path = Path(np.arange(3) * 60_000_000, np.ones(3))
found = simulate_many([rules], [path], accelerator="numba")
print(found.nav[0], sum(kernels.run_all.stats.cache_hits.values()))
"""


def _indexed_for(entry: object) -> object:
    """What numba's cache on disk looks compiled code up by, beside the file that defines it."""
    codegen = numba.core.registry.cpu_target.target_context.codegen()
    return entry._cache._index_key((numba.int64,), codegen)  # type: ignore[attr-defined]


def test_another_text_of_the_steps_is_another_entry_of_the_cache() -> None:
    now = _path_kernels.contents()
    entry = _path_kernels._entry(now)
    assert _indexed_for(entry) != _indexed_for(_path_kernels._entry("another text"))
    assert _indexed_for(entry) == _indexed_for(_path_kernels._entry(now))


def _loaded(module: ModuleType, edit: Callable[[str], str]) -> ModuleType:
    """The module as it would be after an edit of its text."""
    edited = ModuleType(module.__name__)
    text = edit(Path(str(module.__file__)).read_text("utf-8"))
    exec(compile(text, str(module.__file__), "exec"), vars(edited))
    return edited


@pytest.mark.parametrize(
    ("place", "before", "after"),
    [
        (0, "cash - interest - fee,", "cash - interest + fee,"),
        (0, "    paid = 2 * abs(", "    paid = 3 * abs("),
        (0, "range(4)\n", "(0, 2, 1, 3)\n"),
        (0, "    deficit: Number\n", "    deficit: Number\n    more: Number\n"),
        (1, "BLOCK = 64", "BLOCK = 32"),
        (1, "marks.times[here] + rearm", "marks.times[here] - rearm"),
        (2, "start = eras.end[era]", "start = eras.end[era] + 1"),
    ],
)
def test_the_hash_follows_whatever_is_compiled(place, before, after) -> None:
    modules = [stepping, running, many_runs]
    same = list(modules)
    same[place] = _loaded(modules[place], lambda text: text + "\n# a remark\n")
    assert _path_kernels.contents(tuple(same)) == _path_kernels.contents()
    assert before in Path(str(modules[place].__file__)).read_text("utf-8")
    modules[place] = _loaded(modules[place], lambda text: text.replace(before, after, 1))
    assert _path_kernels.contents(tuple(modules)) != _path_kernels.contents()


def test_the_hash_is_the_same_in_another_process() -> None:
    script = "from truenav.calc.etp.engine import _path_kernels as kernels; print(kernels.contents())"
    environment = {**os.environ, "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == _path_kernels.contents()


@pytest.mark.nightly
def test_an_edited_step_is_not_served_from_an_older_cache(tmp_path) -> None:
    package = Path(truenav.__file__).parent
    for part in ("__init__.py", "core", "calc"):
        copied = tmp_path / "truenav" / part
        if part.endswith(".py"):
            copied.parent.mkdir()
            copied.write_text("")
        else:
            shutil.copytree(package / part, copied)
    cache = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path)}

    def simulated() -> list[str]:
        command = [sys.executable, "-c", SIMULATE]
        done = subprocess.run(command, env=cache, cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout.split()

    assert simulated() == ["75.0", "0"]
    assert simulated() == ["75.0", "1"]
    text = tmp_path / "truenav/calc/etp/engine/stepping.py"
    before = text.read_text("utf-8")
    edited = before.replace("cash - interest - fee,", "cash - interest - fee - fee,")
    assert edited != before
    text.write_text(edited, "utf-8")
    assert simulated() == ["50.0", "0"]
    text.write_text(before, "utf-8")
    assert simulated() == ["75.0", "1"]

"""A suite that passes on wrong code proves nothing: of small wrongs it notices nearly all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

import pytest

from .mutants import mutants

ROOT = Path(__file__).parents[2]
AREAS = {
    "money": (("core/money.py", "calc/pricing/numeraires.py"), ("tests/core", "tests/calc/pricing")),
    "nav": (
        ("calc/nav/lines.py", "calc/nav/totals.py", "calc/nav/bridge.py", "calc/nav/coverage.py"),
        ("tests/calc/nav",),
    ),
    "fees": (("calc/nav/fees.py", "calc/nav/classes.py"), ("tests/calc/nav",)),
    "prices": (("calc/pricing/marks.py", "calc/pricing/index.py"), ("tests/calc/pricing", "tests/calc/nav")),
    "margin": (("calc/portfolio/measures.py",), ("tests/calc/portfolio", "tests/calc/nav")),
    "authorisation": (
        ("access/policy.py", "access/masking.py"),
        ("tests/access", "tests/api/test_roles.py"),
    ),
}
EACH = 40
KILLED = 0.85
PATIENCE_SECONDS = 300
PLACES = 2


def test_mutants_differ_from_their_source_in_one_place() -> None:
    source = (
        "def f(a: int = 1) -> bool:\n    if a < 2 and (not a):\n        return a + 1 == 3\n    return False\n"
    )
    made = mutants(source, seed=0, most=100)
    assert len({text for _, text in made}) == len(made) == 12
    assert "line 2: a < 2 -> a <= 2" in [what for what, _ in made]
    assert mutants(source, seed=3, most=2) == mutants(source, seed=3, most=2)


@pytest.mark.parametrize("area", AREAS)
def test_every_area_names_what_is_there(area: str) -> None:
    modules, tests = AREAS[area]
    assert all((ROOT / "src" / "truenav" / module).is_file() for module in modules)
    assert all((ROOT / test).exists() for test in tests)


@pytest.mark.nightly
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("area", AREAS)
def test_nearly_every_wrong_is_noticed(area: str, tmp_path: Path) -> None:
    modules, tests = AREAS[area]
    made = [
        (module, what, text)
        for number, module in enumerate(modules)
        for what, text in mutants(
            (ROOT / "src" / "truenav" / module).read_text("utf-8"), seed=number, most=EACH // len(modules)
        )
    ]
    places: SimpleQueue[Path] = SimpleQueue()
    for number in range(PLACES):
        place = tmp_path / str(number)
        shutil.copytree(ROOT / "src", place, ignore=shutil.ignore_patterns("__pycache__"))
        places.put(place)
    assert _passes(tmp_path / "0", tests), "the suite must pass on the code as it is"

    def survives(one: tuple[str, str, str]) -> bool:
        module, _, text = one
        place = places.get()
        target = place / "truenav" / module
        right = target.read_text("utf-8")
        try:
            target.write_text(text, "utf-8")
            return _passes(place, tests)
        finally:
            target.write_text(right, "utf-8")
            places.put(place)

    with ThreadPoolExecutor(PLACES) as pool:
        alive = [one for one, lives in zip(made, pool.map(survives, made), strict=True) if lives]
    told = "\n".join(f"{module} {what}" for module, what, _ in alive)
    print(f"{area}: {len(made) - len(alive)} of {len(made)} noticed; not:\n{told}")
    assert len(alive) <= (1 - KILLED) * len(made), told


def _passes(place: Path, tests: Iterable[str]) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-q",
        "-m",
        "not nightly",
        "-p",
        "no:cacheprovider",
        *tests,
    ]
    environment = {**os.environ, "PYTHONPATH": str(place), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, check=False, timeout=PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0

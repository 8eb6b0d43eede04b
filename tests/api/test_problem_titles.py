"""Every refusal that reaches a screen has a name in 中文, and no name is left over."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import truenav
from truenav.core.failure import FailureKind, TruenavError

LIB = Path(__file__).parents[2] / "web" / "src" / "lib"
SERVED = ("access", "app", "calc", "connect", "core", "store")
UNCAUGHT = "unexpected"


def _refusals(cls: type[TruenavError] = TruenavError) -> Iterator[type[TruenavError]]:
    for below in cls.__subclasses__():
        yield below
        yield from _refusals(below)


def _served() -> list[type[TruenavError]]:
    for package in SERVED:
        root = importlib.import_module(f"truenav.{package}")
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if ".migrations" not in module.name:
                importlib.import_module(module.name)
    names = tuple(f"{truenav.__name__}.{package}" for package in SERVED)
    return [one for one in _refusals() if one.__module__.startswith(names) and one.status != 500]


def test_every_refusal_has_a_title_in_chinese():
    text = (LIB / "problems.ts").read_text("utf-8")
    titles = set(re.findall(r"^  '?([a-z0-9-]+)'?: '", text, re.MULTILINE))
    served = {one.code: one.status for one in _served()}
    assert {code for code, status in served.items() if status != 404} - titles == set()
    assert titles - set(served) == {UNCAUGHT}


def test_every_kind_of_failure_has_a_name_in_both_languages():
    english, chinese = (LIB / "kinds.ts").read_text("utf-8").split("  zh: {")
    for kind in FailureKind:
        assert f"    {kind}: {{ name: '" in english
        assert f"    {kind}: {{ name: '" in chinese

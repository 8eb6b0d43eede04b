"""Processes of their own find the tests' functions where these stand."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])


@pytest.fixture(scope="session", autouse=True)
def importable() -> Iterator[None]:
    """A process that is started afresh imports by the path that it is handed."""
    sys.path.insert(0, ROOT)
    yield
    sys.path.remove(ROOT)

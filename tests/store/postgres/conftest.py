from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from truenav.store.postgres import EmbeddedPostgres

ServerIn = Callable[..., EmbeddedPostgres]


@pytest.fixture
def server_in(initialised_postgres: Path, tmp_path: Path) -> Iterator[ServerIn]:
    """Makes stopped servers with the product's own settings, and ends them after the test."""
    with ExitStack() as stack:

        def make(name: str = "server", **options: object) -> EmbeddedPostgres:
            shutil.copytree(initialised_postgres, tmp_path / name)
            server = EmbeddedPostgres(tmp_path / name, **options)  # type: ignore[arg-type]
            stack.callback(server.stop)
            return server

        yield make

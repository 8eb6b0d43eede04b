"""The version of the database that this code expects, known without loading the migrations."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from truenav.store.database import Session

_VERSIONS = Path(__file__).parent / "migrations" / "versions"


def newest() -> str:
    """The newest migration, read off the scripts' file names (``v0002_schedules.py``)."""
    return max(path.name[1:5] for path in _VERSIONS.glob("v[0-9]*_*.py"))


def is_current(session: Session) -> bool:
    """Whether the database is at the newest migration. Any role may ask; an empty database is not."""
    try:
        with session.begin_nested():
            return bool(session.scalar(text("SELECT version_num FROM alembic_version")) == newest())
    except ProgrammingError:
        return False

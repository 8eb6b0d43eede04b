"""The same house in which completeness is checked."""

from ..completeness.conftest import MAIN, Desk, at, database, desk, held, moved

__all__ = ["MAIN", "Desk", "at", "database", "desk", "held", "moved"]

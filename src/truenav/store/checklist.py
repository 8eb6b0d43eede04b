"""How far a new tenant has come, read from what it holds."""

from __future__ import annotations

from sqlalchemy import exists, select

from truenav.store.database import Session
from truenav.store.definitions import Kind
from truenav.store.tables import definition, evidence, nav_run

_FILES = "files"


def done_steps(session: Session) -> dict[str, bool]:
    """The first steps in their order, and which are done: connect, import, tree, strike."""
    steps = {
        "connect": exists().where(definition.c.kind == Kind.CONNECTION),
        "import": exists().where(evidence.c.connector == _FILES),
        "tree": exists().where(definition.c.kind == Kind.RULE),
        "strike": exists().where(nav_run.c.state != "collecting"),
    }
    row = session.execute(select(*(step.label(name) for name, step in steps.items()))).one()
    return dict(row._mapping)

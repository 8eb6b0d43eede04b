"""A run of the small fund of the bundle tests, as a statement reads it, and the text of a printed PDF."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import cache

from pypdf import PdfReader
from tests.app.nav.bundle_sample import SECOND_DAY, content

from truenav.app.nav.bundle import Content
from truenav.app.statements.reading import PastNav, Subject, past_nav
from truenav.core.ids import RunId, Sha256
from truenav.store.runs import Run, RunEvent, RunState

BUNDLE_SHA = Sha256("9c41f07ae2b85d136b0a77e4c9d1583fa6402e9bd7713c58e0b94f2a1d86c35b")
KEY = "db1f34aefa0199f18ca9ffb2b5f12607bfb220c3d1c36b3df6cd33f0c0af6e2e"
PEOPLE = {"alice": "Alice Ito", "bob@fund.example": "Bob 鑫"}


@cache
def small() -> Content:
    return content()


def subject(state: RunState = RunState.PUBLISHED, **changes: object) -> Subject:
    """The second day of the small fund; it has one NAV before it."""
    found = small()
    trail = [RunState.COLLECTING, RunState.CALCULATED, RunState.APPROVED, RunState.PUBLISHED]
    reached = trail[: trail.index(state) + 1] if state in trail else [*trail, state]
    at = {step: SECOND_DAY + timedelta(minutes=n) for n, step in enumerate(reached)}
    published = RunState.PUBLISHED in reached
    run = Run(
        id=RunId("alpha-20260102t160000-0001"),
        fund=found.inputs.fund,
        as_of=found.result.as_of,
        known_at=found.result.known_at,
        state=state,
        created_by="alice",
        created_at=SECOND_DAY,
        updated_at=at[state],
        version=len(reached),
        quality=found.result.quality,
        approved_by="bob@fund.example" if RunState.APPROVED in reached else None,
        published_by="bob@fund.example" if published else None,
        result_sha=Sha256("41d7e0936cfb28a51e9d04b7fa63c82590be17d4a8f2063c7715e94bd06a8f3e"),
        bundle_sha=BUNDLE_SHA if published else None,
    )
    whole = Subject(
        run=run,
        inputs=found.inputs,
        result=found.result,
        events=tuple(RunEvent(run.id, n, at[one], "alice", one, "") for n, one in enumerate(reached, 1)),
        history=tuple(past_nav(one) for one in found.inputs.previous),
        issues=(),
        people=PEOPLE,
        key=KEY if published else None,
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def past(days: int, nav: str, per_unit: str | None) -> PastNav:
    """A NAV of the small fund some days before."""
    units = None if per_unit is None else Decimal(per_unit)
    return PastNav(SECOND_DAY - timedelta(days=days), Decimal(nav), {"alpha-a": units})


def text_of(pdf: bytes) -> str:
    """What is printed, thin spaces left out."""
    pages = PdfReader(io.BytesIO(pdf)).pages
    text = "\n".join(page.extract_text() for page in pages)
    return text.replace("\u2009", "").replace("\u00a0", " ")

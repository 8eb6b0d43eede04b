"""The parts that every statement has, as plain data for the template: nothing here is markup.

A document is JSON: texts that are printed as they are, keys of words (``words.json``), sentences as
``{"key": ..., "args": [...]}`` whose arguments are put in as text, and charts as SVG.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from truenav.app.statements import charts
from truenav.app.statements.charts import COVERAGE_KINDS, Point
from truenav.app.statements.figures import UNKNOWN, instant, number, percent, share_of, signed
from truenav.app.statements.figures import direction as direction_of
from truenav.app.statements.glyphs import Printer
from truenav.app.statements.reading import PastNav, Subject, past_nav
from truenav.app.statements.words import Language
from truenav.calc.nav.model import Coverage, Quality
from truenav.core.asset import AssetBook
from truenav.core.ids import NodeId, ShareClassId
from truenav.core.money import AssetId, exact
from truenav.core.portfolio import Node, ShareClass
from truenav.store.runs import RunState

Data = dict[str, Any]

MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Desk:
    """What is needed to put one subject into words: its definitions by id, and the printer of names.

    ``strategies``: whether the reader may see what lies below a fund.
    """

    subject: Subject
    language: Language
    printer: Printer
    assets: AssetBook
    nodes: dict[NodeId, Node]
    classes: dict[ShareClassId, ShareClass]
    strategies: bool = True

    @classmethod
    def of(cls, subject: Subject, language: Language, *, strategies: bool = True) -> Desk:
        """A desk with the definitions that the run was computed from."""
        inputs = subject.inputs
        return cls(
            subject=subject,
            language=language,
            printer=Printer(),
            assets=AssetBook(inputs.assets, ()),
            nodes={node.id: node for node in inputs.nodes},
            classes={one.id: one for one in inputs.share_classes},
            strategies=strategies,
        )

    def node(self, id: NodeId) -> str:
        """A node's name; its id where it has none."""
        return self.printer.text(self.nodes[id].name if id in self.nodes else id)

    def share_class(self, id: str) -> str:
        """A class's name; its id where it has none."""
        found = self.classes.get(ShareClassId(id))
        return self.printer.text(found.name if found else id)

    def symbol(self, asset: str) -> str:
        """An asset's symbol."""
        return self.printer.text(self.assets.symbol(AssetId(asset)))

    def person(self, user: str | None) -> str:
        """A user's name and id."""
        if not user:
            return UNKNOWN
        name = self.subject.people.get(user, user)
        return self.printer.text(name if name == user else f"{name} ({user})")


def sentence(key: str, *args: str) -> Data:
    """A sentence of ``words.json`` with the texts for its ``{0}``, ``{1}``."""
    return {"key": key, "args": list(args)}


def head(desk: Desk) -> Data:
    """What stands at the top of each page: fund, times, state, quality, run, and the mark across it."""
    run, result = desk.subject.run, desk.subject.result
    return {
        "language": desk.language.value,
        "fund": desk.node(result.fund),
        "fund_id": desk.printer.text(result.fund),
        "run": desk.printer.text(run.id),
        "as_of": instant(result.as_of),
        "day": f"{result.as_of:%Y-%m-%d}",
        "known_at": instant(result.known_at),
        "state": f"state-{run.state}",
        "quality": f"quality-{result.quality}",
        "method": result.method,
        "watermark": _watermark(desk.subject),
        "provisional": _is_provisional(desk.subject),
        "created": [result.as_of.year, result.as_of.month, result.as_of.day],
    }


def _is_provisional(subject: Subject) -> bool:
    return subject.run.state is not RunState.PUBLISHED or subject.result.quality is not Quality.COMPLETE


def _watermark(subject: Subject) -> str | None:
    if subject.run.state in (RunState.REJECTED, RunState.SUPERSEDED):
        return f"watermark-{subject.run.state}"
    return "watermark-provisional" if _is_provisional(subject) else None


def change(now: Decimal, before: Decimal | None, unit: str) -> Data | None:
    """A figure against the one before: the difference, and as a share of it where that is positive."""
    if before is None:
        return None
    with exact():
        difference = now - before
        share = share_of(difference, before)
    return {
        "direction": direction_of(difference),
        "amount": signed(difference),
        "unit": unit,
        "percent": UNKNOWN if share is None else signed(share * 100),
    }


def coverage(found: Coverage) -> Data:
    """The meter, and each part with its share in percent; unpriced lines have no share and are counted."""
    rows = [
        {"kind": f"coverage-{kind}", "share": percent(getattr(found, kind)), "key": charts.coverage_key(kind)}
        for kind in COVERAGE_KINDS
    ]
    with exact():
        observed = found.observed
    return {
        "meter": charts.coverage_meter(found),
        "rows": rows,
        "observed": percent(observed),
        "unpriced": found.lines_unpriced,
    }


def timeline(subject: Subject) -> tuple[PastNav, ...]:
    """The NAVs before, and this one."""
    return (*subject.history, past_nav(subject.result.root))


def history(desk: Desk, points: Sequence[Point], *, title: str, unit: Decimal, share_class: str) -> Data:
    """The chart of values and drawdowns with its spoken summary; no chart with fewer than two points."""
    data: Data = {"title": title, "class": desk.share_class(share_class), "svg": None}
    if len(points) < 2:
        return data
    with exact():
        svg = charts.history_chart(points, unit=unit, provisional=not desk.subject.is_final)
        falls = [fall for fall in charts.drawdowns(points) if fall is not None]
        data["cut"] = charts.axis_start(points, unit)
    places = 2 if unit == MILLION else 6
    first, last = points[0], points[-1]
    data["svg"] = svg
    data["summary"] = sentence(
        "history-summary",
        str(len(points)),
        f"{first.at:%Y-%m-%d}",
        number(first.value, places),
        number(last.value, places),
        percent(min(falls)) if falls else UNKNOWN,
    )
    return data


def largest_class(subject: Subject, among: Iterable[str] | None = None) -> str | None:
    """The class with the greatest NAV, whose NAV per unit stands for the performance."""
    wanted = None if among is None else set(among)
    classes = [one for one in subject.result.root.classes if wanted is None or one.share_class in wanted]
    found = max(classes, key=lambda one: (one.nav_usd, one.share_class), default=None)
    return None if found is None else str(found.share_class)


def signatures(desk: Desk) -> list[Data]:
    """Who calculated, approved and published, and when; a step that is not done has a dash."""
    run = desk.subject.run
    people = {
        RunState.CALCULATED: run.created_by,
        RunState.APPROVED: run.approved_by,
        RunState.PUBLISHED: run.published_by,
    }
    rows = []
    for state, user in people.items():
        times = [event.at for event in desk.subject.events if event.state is state]
        rows.append(
            {
                "role": f"signed-{state}",
                "person": desk.person(user if times else None),
                "at": instant(times[-1]) if times else UNKNOWN,
            }
        )
    return rows


def proof(desk: Desk) -> Data:
    """The hash that stands for this NAV with its fingerprint, and the command that checks it offline."""
    run = desk.subject.run
    sha = run.bundle_sha or run.result_sha or ""
    return {
        "kind": "hash-bundle" if run.bundle_sha else "hash-result",
        "sha256": sha,
        "groups": [sha[n : n + 8] for n in range(0, len(sha), 8)],
        "bars": charts.fingerprint(sha, 120, 22),
        "small_bars": charts.fingerprint(sha, 44, 9),
        "result": run.result_sha or "",
        "key": desk.subject.key,
        "command": f"truenav verify {run.id}.zip --key {desk.subject.key}" if desk.subject.key else None,
    }


def glyph_note(printer: Printer) -> Data | None:
    """The note on characters that could not be printed; None when all could."""
    if not printer.missing:
        return None
    shown = printer.missing[:12]
    more = f" +{len(printer.missing) - len(shown)}" if len(printer.missing) > len(shown) else ""
    return sentence("note-glyphs", ", ".join(shown) + more)

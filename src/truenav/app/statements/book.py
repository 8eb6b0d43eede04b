"""The statement for the house: the whole book of a run."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from truenav.app.portfolio.figures import Valuation, node_figures
from truenav.app.statements import charts
from truenav.app.statements.charts import Point, Step
from truenav.app.statements.document import (
    MILLION,
    Data,
    Desk,
    change,
    coverage,
    glyph_note,
    head,
    history,
    largest_class,
    proof,
    sentence,
    signatures,
    timeline,
)
from truenav.app.statements.figures import (
    UNKNOWN,
    age,
    direction,
    instant,
    number,
    per_unit,
    percent,
    quantity,
    share_of,
    signed,
)
from truenav.app.statements.words import label
from truenav.calc.nav.model import (
    ClassNav,
    LineKind,
    NavBridge,
    NavLine,
    Quality,
    Reconciled,
    ReconciliationStatus,
)
from truenav.core.asset import AssetKind
from truenav.core.ids import InstrumentId, NodeId
from truenav.core.money import ZERO, exact
from truenav.core.policy import AssetNumeraire

MOST_LINES = 20
MOST_UNPRICED = 10
MOST_BREAKS = 10
MOST_ISSUES = 20
BRIDGE_PARTS = ("price", "funding", "fee", "flow", "manual", "correction", "unexplained")
_COARSE = (AssetKind.FIAT, AssetKind.STABLECOIN)


def house_document(desk: Desk) -> Data:
    """Everything of a run that the house prints: summary, classes, tree, bridge, lines, prices, proof."""
    root = desk.subject.result.root
    before = root.bridge.opening_nav_usd if root.bridge else None
    return {
        **head(desk),
        "audience": "house",
        "hero": {"label": "nav", "amount": number(root.nav_usd), "unit": "USD"},
        "change": change(root.nav_usd, before, "USD"),
        "against": None if root.bridge is None else instant(root.bridge.previous_as_of),
        "worth": _worth(desk),
        "numeraires": _numeraires(desk),
        "classes": [_class_row(desk, one) for one in root.classes],
        "coverage": coverage(desk.subject.result.coverage),
        "history": _history(desk),
        "bridge": None if root.bridge is None else _bridge(desk, root.bridge),
        "tree": _tree(desk),
        "lines": _lines(desk),
        "prices": _prices(desk),
        "reconciliation": _reconciliation(desk),
        "issues": _issues(desk),
        "signatures": signatures(desk),
        "proof": proof(desk),
        "notes": _notes(desk),
    }


def _worth(desk: Desk) -> list[Data]:
    root = desk.subject.result.root
    return [
        {"word": "gross-assets", "amount": number(root.gross_asset_value_usd)},
        {"word": "accrued-fees", "amount": number(root.accrued_fees_usd.copy_negate())},
    ]


def _numeraires(desk: Desk) -> list[Data]:
    places = {}
    for one in desk.subject.inputs.numeraires:
        asset = desk.assets.assets.get(one.asset) if isinstance(one, AssetNumeraire) else None
        places[one.code] = 2 if asset is not None and asset.kind in _COARSE else 6
    return [
        {"code": desk.printer.text(one.code), "amount": number(one.nav, places.get(one.code, 2))}
        for one in desk.subject.result.root.numeraires
        if one.code != "USD"
    ]


def _class_row(desk: Desk, one: ClassNav) -> Data:
    return {
        "name": desk.share_class(one.share_class),
        "currency": desk.symbol(one.currency),
        "units": quantity(one.units),
        "per_unit": per_unit(one.nav_per_unit_currency),
        "nav": number(one.nav_currency),
        "nav_usd": number(one.nav_usd),
        "fees_usd": number(one.accrued_fee_usd),
        "flow_usd": signed(one.flow_usd),
    }


def _history(desk: Desk) -> Data | None:
    chosen = largest_class(desk.subject)
    if chosen is None:
        return None
    points = [Point(one.as_of, one.nav_usd, one.per_unit.get(chosen)) for one in timeline(desk.subject)]
    return history(desk, points, title="history-nav", unit=MILLION, share_class=chosen)


def _bridge(desk: Desk, bridge: NavBridge) -> Data:
    parts = {part: getattr(bridge, f"{part}_usd") for part in BRIDGE_PARTS}
    opening = (f"{bridge.previous_as_of:%Y-%m-%d}", f"{bridge.previous_as_of:%H:%M}")
    result = desk.subject.result
    closing = (f"{result.as_of:%Y-%m-%d}", f"{result.as_of:%H:%M}")
    steps = [Step(opening, bridge.opening_nav_usd, total=True)]
    steps += [Step(label(f"bridge-{part}", desk.language), value) for part, value in parts.items()]
    steps.append(Step(closing, bridge.closing_nav_usd, total=True))
    with exact():
        svg = charts.bridge_chart(steps)
    return {
        "svg": svg,
        "opening": number(bridge.opening_nav_usd),
        "closing": number(bridge.closing_nav_usd),
        "rows": [
            {"word": f"bridge-{part}", "amount": signed(value), "direction": direction(value)}
            for part, value in parts.items()
        ],
        "unmatched": None
        if bridge.unmatched_flow_usd == 0
        else sentence("note-unmatched", signed(bridge.unmatched_flow_usd)),
    }


def _tree(desk: Desk) -> list[Data]:
    result = desk.subject.result
    figures = node_figures(Valuation(desk.subject.run.id, desk.subject.inputs, result))
    whole = figures[0].value
    return [
        {
            "depth": one.depth,
            "name": desk.printer.text(one.name),
            "unassigned": one.kind == "unassigned",
            "fund": one.coverage is not None,
            "value": number(one.value, 0),
            "share": percent(share_of(one.value, whole)),
            "gross": number(one.gross, 0),
            "net": number(one.net, 0),
            "leverage": number(one.leverage, 2),
            "meter": None if one.coverage is None else charts.coverage_meter(one.coverage, 48, 6),
            "unpriced": one.unpriced,
        }
        for one in figures
        if desk.strategies or one.coverage is not None
    ]


def _all_lines(desk: Desk) -> list[NavLine]:
    """Every line that stands for an asset or contract: holdings of funds are looked through."""
    funds = desk.subject.result.funds
    return [line for fund in funds for line in fund.lines if line.kind is not LineKind.HOLDING]


def _lines(desk: Desk) -> Data:
    lines = _all_lines(desk)
    priced = sorted((line for line in lines if line.value_usd is not None), key=_largest_first)
    unpriced = [line for line in lines if line.value_usd is None]
    shown = [*priced[:MOST_LINES], *unpriced[:MOST_UNPRICED]]
    return {
        "rows": [_line_row(desk, line) for line in shown],
        "shown": len(shown),
        "count": len(lines),
        "more": len(lines) - len(shown),
        "rest": number(_sum(priced[MOST_LINES:])),
        "total": number(_sum(priced)),
        "unpriced": len(unpriced),
        "several": len(desk.subject.result.funds) > 1,
    }


def _largest_first(line: NavLine) -> tuple[Decimal, str, str, str]:
    return -abs(line.value_usd or ZERO), line.subject, line.account, line.node


def _sum(lines: Iterable[NavLine]) -> Decimal:
    """Values of priced lines."""
    with exact():
        return sum((line.value_usd or ZERO for line in lines), ZERO)


def _line_row(desk: Desk, line: NavLine) -> Data:
    account = next((one.name for one in desk.subject.inputs.accounts if one.id == line.account), line.account)
    where = " · ".join(part for part in (account, line.wallet) if part)
    return {
        "what": _subject_name(desk, line),
        "kind": f"kind-{line.kind}",
        "where": desk.printer.text(where),
        "book": desk.node(line.node if desk.strategies else _fund_of(desk, line)),
        "quantity": _fine(line.quantity),
        "price": _fine(line.price_usd),
        "value": number(line.value_usd),
        "coverage": f"coverage-{line.coverage or 'missing'}",
        "key": charts.coverage_key(line.coverage or "missing"),
    }


def _fund_of(desk: Desk, line: NavLine) -> NodeId:
    return next((one.fund for one in desk.subject.result.nodes if one.node == line.node), line.node)


def _subject_name(desk: Desk, line: NavLine) -> str:
    if line.kind is LineKind.POSITION:
        named = (one for one in desk.subject.inputs.instruments if one.id == line.subject)
        terms = next(named, None)  # versions of one instrument have one code
        return desk.printer.text(terms.code if terms else InstrumentId(line.subject))
    return desk.symbol(line.subject)


def _fine(value: Decimal | None) -> str:
    """Four decimals; eight where four would hide a figure that is not zero."""
    return number(value, 8 if value is not None and 0 < abs(value) < Decimal("0.1") else 4)


def _prices(desk: Desk) -> list[Data]:
    """How much of the gross value each source priced, with the oldest quote; the largest first."""
    found: dict[str, list[NavLine]] = {}
    for line in _all_lines(desk):
        found.setdefault(line.price_source if line.value_usd is not None else "", []).append(line)
    as_of = desk.subject.result.as_of
    rows = []
    for source, lines in found.items():
        with exact():
            gross = sum((abs(line.value_usd or ZERO) for line in lines), ZERO)
        times = [line.quoted_at for line in lines if line.quoted_at is not None]
        row = {
            "source": desk.printer.text(source),
            "lines": str(len(lines)),
            "gross": number(gross) if source else UNKNOWN,
            "age": age(min(times), as_of) if times else UNKNOWN,
        }
        rows.append((gross, row))
    return [row for _, row in sorted(rows, key=lambda pair: (-pair[0], pair[1]["source"]))]


def _reconciliation(desk: Desk) -> Data:
    rows = [row for fund in desk.subject.result.funds for row in fund.reconciliation]
    counts = {status: sum(row.status is status for row in rows) for status in ReconciliationStatus}
    breaks = [row for row in rows if row.status is ReconciliationStatus.BREAK]
    return {
        "counts": [{"word": f"reconciled-{status}", "count": str(count)} for status, count in counts.items()],
        "breaks": [_break_row(desk, row) for row in breaks[:MOST_BREAKS]],
        "more": len(breaks) - len(breaks[:MOST_BREAKS]),
    }


def _break_row(desk: Desk, row: Reconciled) -> Data:
    subject = desk.symbol(row.subject) if row.kind is LineKind.BALANCE else desk.printer.text(row.subject)
    return {
        "where": desk.printer.text(f"{row.account} · {row.wallet}"),
        "what": subject,
        "difference": UNKNOWN if row.difference is None else signed(row.difference, 8),
    }


def _issues(desk: Desk) -> Data:
    """Failures of the run and data issues that were open: what, why, and what mends it."""
    rows = [
        {
            "word": f"failure-{one.kind}",
            "subject": desk.symbol(one.subject),
            "message": desk.printer.text(f"{one.message} {one.mend}"),
            "blocking": one.blocking,
        }
        for one in desk.subject.result.failures
    ]
    rows += [
        {
            "word": "failure-data_issue",
            "subject": desk.symbol(one.subject),
            "message": desk.printer.text(f"{one.message} {one.mend}"),
            "blocking": one.blocking,
        }
        for one in desk.subject.issues
    ]
    rows.sort(key=lambda row: not row["blocking"])
    return {"rows": rows[:MOST_ISSUES], "more": len(rows) - len(rows[:MOST_ISSUES])}


def _notes(desk: Desk) -> list[Data]:
    result = desk.subject.result
    notes = [sentence("note-rounding")]
    unpriced = sorted({_subject_name(desk, line) for line in _all_lines(desk) if line.value_usd is None})
    if unpriced:
        notes.append(sentence("note-unpriced", _listed(unpriced)))
    unknown = [one.code for one in result.root.numeraires if one.nav is None]
    if unknown:
        notes.append(sentence("note-numeraire", desk.printer.text(_listed(unknown))))
    if any(one.nav_per_unit_currency is None for one in result.root.classes):
        notes.append(sentence("note-per-unit"))
    if not desk.strategies:
        notes.append(sentence("note-masked"))
    if result.quality is not Quality.COMPLETE:
        notes.append(sentence("note-provisional"))
    if (glyphs := glyph_note(desk.printer)) is not None:
        notes.append(glyphs)
    return notes


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    more = f" +{len(found) - 8}" if len(found) > 8 else ""
    return ", ".join(found[:8]) + more

"""Charts as SVG, drawn from exact values: history with drawdown, bridge, coverage meter, fingerprint.

All sizes are in points, as printed. Coordinates are rounded to hundredths. Hue never stands alone: a
loss is hatched, a provisional point is dotted, each kind of coverage has its own texture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from html import escape

from truenav.app.statements.figures import direction, number, percent, signed
from truenav.calc.nav.model import Coverage
from truenav.core.money import ONE, ZERO, divided

INK, INK_2, INK_3 = "#17191B", "#43474B", "#62666A"
LINE, LINE_2, CONTROL = "#E5E2D9", "#CBC7BB", "#8A867C"
ACCENT, UP, DOWN, WARN, SURFACE = "#0B6455", "#1A5AAB", "#AD3F08", "#B97A0A", "#FFFFFF"
IMPORTED, MANUAL, MISSING, LOSS = "#63A597", "#6E66B5", "#A30E3A", "#FBEADF"

WIDTH = 493
"""Text width of an A4 page with margins of 18 mm, in points."""

COVERAGE_KINDS = ("api", "imported", "manual", "stale", "missing")
_LEAST_WIDTH = Decimal("2.5")
_HALF_LETTER = Decimal("2.5")
_MARKED_POINTS = 40

_SLANTED = 'width="3" height="3" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"'
_UPRIGHT = 'width="4" height="4" patternUnits="userSpaceOnUse"'
_PATTERNS = f"""<defs>
<pattern id="imported" {_UPRIGHT}><rect width="4" height="4" fill="{IMPORTED}"/>
<rect x="3" width="1" height="4" fill="{SURFACE}"/></pattern>
<pattern id="manual" {_UPRIGHT}><rect width="4" height="4" fill="{MANUAL}"/>
<circle cx="2" cy="2" r=".8" fill="{SURFACE}"/></pattern>
<pattern id="stale" {_SLANTED}><rect width="1.5" height="3" fill="{WARN}"/></pattern>
<pattern id="loss" {_SLANTED}><rect width="3" height="3" fill="{LOSS}"/>
<rect width=".6" height="3" fill="{DOWN}"/></pattern></defs>"""

_FILLS = {"api": ACCENT, "imported": "url(#imported)", "manual": "url(#manual)", "stale": "url(#stale)"}


@dataclass(frozen=True, slots=True)
class Point:
    """One NAV of a history: what is drawn, and the NAV per unit of one class (None: unknown)."""

    at: datetime
    value: Decimal
    per_unit: Decimal | None


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of a bridge: a total that stands on the axis, or a part of the change. In USD."""

    lines: tuple[str, ...]
    value: Decimal
    total: bool = False


def fingerprint(sha256: str, width: int = 64, height: int = 16, colour: str = ACCENT) -> str:
    """The first 16 hexadecimal digits of a hash as bars, the same on screen and in print."""
    step = Decimal(width) / 16
    bars = []
    for n, digit in enumerate(sha256[:16]):
        tall = (int(digit, 16) + Decimal("1.5")) / Decimal("16.5") * height
        bars.append(_rect(n * step, (height - tall) / 2, step * Decimal("0.58"), tall, colour, radius="0.8"))
    return _svg(width, height, "".join(bars))


def coverage_meter(coverage: Coverage, width: int = WIDTH, height: int = 9) -> str:
    """Shares of gross value as one bar; a share above zero is never too thin to be seen."""
    shares = {kind: getattr(coverage, kind) for kind in COVERAGE_KINDS}
    shown = {kind: share for kind, share in shares.items() if share > 0}
    if coverage.lines_unpriced:
        shown.setdefault("missing", ZERO)
    widths = {kind: max(_LEAST_WIDTH, share * width) for kind, share in shown.items()}
    room = Decimal(width) - (len(widths) - 1)
    excess = sum(widths.values(), ZERO) - room
    if widths and excess > 0:
        widest = max(widths, key=lambda kind: widths[kind])
        widths[widest] -= excess
    parts, x = [], ZERO
    for kind, wide in widths.items():
        parts.append(_coverage_part(kind, x, wide, height))
        x += wide + 1
    return _svg(width, height, _PATTERNS + "".join(parts))


def coverage_key(kind: str) -> str:
    """The small square that explains one texture of the meter."""
    return _svg(7, 7, _PATTERNS + _coverage_part(kind, ZERO, Decimal(7), 7))


def _coverage_part(kind: str, x: Decimal, width: Decimal, height: int) -> str:
    if kind == "missing":
        return _outlined(x, width, height, MISSING, "none")
    if kind == "stale":
        return _outlined(x, width, height, WARN, _FILLS[kind])
    return _rect(x, ZERO, width, Decimal(height), _FILLS[kind])


def _outlined(x: Decimal, width: Decimal, height: int, stroke: str, fill: str) -> str:
    half = Decimal("0.5")
    box = f'x="{_c(x + half)}" y="0.5" width="{_c(width - 1)}" height="{height - 1}"'
    return f'<rect {box} fill="{fill}" stroke="{stroke}"/>'


def history_chart(
    points: Sequence[Point], *, unit: Decimal, provisional: bool, width: int = WIDTH, height: int = 136
) -> str:
    """Values in ``unit`` over time, and below them the drawdown of the NAV per unit in percent.

    At least two points, oldest first. The axis is cut; a ``provisional`` last point is dotted amber.
    """
    plot = _Plot(left=40, right=width - 52, top=8, bottom=height - 64)
    xs = _time_positions([point.at for point in points], plot)
    values = [divided(point.value, unit) for point in points]
    scale = _Scale.of(values, plot)
    line = [(x, scale.y(value)) for x, value in zip(xs, values, strict=True)]
    parts = [scale.grid(), _polyline(line[:-1] if provisional else line, INK)]
    if provisional:
        parts.append(_polyline(line[-2:], WARN, dash="1.5 2"))
    if len(line) <= _MARKED_POINTS:
        parts += [_dot(x, y, INK, "1.4") for x, y in line[:-1]]
    parts.append(_dot(*line[-1], WARN if provisional else INK, "2.2"))
    last = number(values[-1], max(2, scale.places))
    parts.append(_text(line[-1][0] + 6, line[-1][1] + _HALF_LETTER, last, weight=600, fill=INK))
    under = _Plot(plot.left, plot.right, height - 46, height - 16)
    parts.append(_drawdown(points, xs, under))
    parts.append(_days([point.at for point in points], xs, height - 4))
    return _svg(width, height, _PATTERNS + "".join(parts))


def axis_start(points: Sequence[Point], unit: Decimal) -> str:
    """Where the cut axis of ``history_chart`` begins, in ``unit``."""
    scale = _Scale.of([divided(point.value, unit) for point in points], _Plot(0, 1, 0, 1))
    return number(scale.low, scale.places)


def drawdowns(points: Sequence[Point]) -> list[Decimal | None]:
    """NAV per unit against its highest so far, as a fraction at or below zero; unknown stays unknown."""
    peak: Decimal | None = None
    found: list[Decimal | None] = []
    for point in points:
        value = point.per_unit
        if value is None or value <= 0:
            found.append(None)
            continue
        peak = value if peak is None else max(peak, value)
        found.append(divided(value, peak) - ONE)
    return found


def bridge_chart(steps: Sequence[Step], width: int = WIDTH, height: int = 122) -> str:
    """A waterfall from total to total: parts in thousand, totals in million USD; the axis is cut."""
    ends = _bar_ends(steps)
    values = [value for pair, step in zip(ends, steps, strict=True) for value in pair[step.total :]]
    low, high = min(values), max(values)
    base = low - (high - low or abs(high) or ONE) / 4
    top, bottom = Decimal(20), Decimal(height - 26)

    def y(value: Decimal) -> Decimal:
        return bottom - divided(value - base, high - base) * (bottom - top)

    slot = Decimal(width) / len(steps)
    wide = min(slot * Decimal("0.56"), Decimal(40))
    parts: list[str] = []
    for n, (step, (start, end)) in enumerate(zip(steps, ends, strict=True)):
        x = n * slot + (slot - wide) / 2
        upper, lower = y(max(start, end)), bottom if step.total else y(min(start, end))
        is_seen = step.total or direction(step.value) != "flat"
        if is_seen:
            parts.append(_bar(step, x, upper, lower, wide))
        if n < len(steps) - 1:
            parts.append(_rule(x + wide if is_seen else x, x + slot, y(end), CONTROL, dash="1.5 1.5"))
        parts.append(_bar_label(step, n * slot + slot / 2, upper - 5))
        for row, line in enumerate(step.lines):
            parts.append(_text(n * slot + slot / 2, bottom + 10 + row * 9, line, anchor="middle"))
    parts.append(_rule(ZERO, Decimal(width), bottom, LINE_2))
    return _svg(width, height, "".join(parts))


def _bar_ends(steps: Sequence[Step]) -> list[tuple[Decimal, Decimal]]:
    ends, at = [], ZERO
    for step in steps:
        start = ZERO if step.total else at
        at = start + step.value
        ends.append((start, at))
    return ends


def _bar(step: Step, x: Decimal, upper: Decimal, lower: Decimal, wide: Decimal) -> str:
    colour = INK_2 if step.total else UP if step.value >= 0 else DOWN
    bar = _rect(x, upper, wide, max(Decimal("0.8"), lower - upper), colour, radius="1")
    if not step.total:
        return bar
    cut = f"M{_c(x - 2)} {_c(lower - 5)}l{_c(wide + 4)} -3"
    return bar + f'<path d="{cut}" stroke="{SURFACE}" stroke-width="1.8"/>'


def _millions(value: Decimal) -> str:
    return number(divided(value, Decimal(1_000_000)), 2)


def _bar_label(step: Step, x: Decimal, y: Decimal) -> str:
    if step.total:
        return _text(x, y, _millions(step.value), anchor="middle", weight=600, fill=INK)
    thousand = divided(step.value, Decimal(1_000))
    way = direction(thousand, 1)
    if way == "flat":
        return _text(x, y, "\u25a0 0", anchor="middle")
    colour, shape = (UP, "\u25b2") if way == "up" else (DOWN, "\u25bc")
    amount = signed(thousand, 1)
    return _text(x, y, f"{shape} {amount}", anchor="middle", weight=600, fill=colour)


@dataclass(frozen=True, slots=True)
class _Plot:
    left: int
    right: int
    top: int
    bottom: int


@dataclass(frozen=True, slots=True)
class _Scale:
    """A linear axis from ``low`` to ``high`` with a line at each ``step``."""

    low: Decimal
    high: Decimal
    step: Decimal
    plot: _Plot

    @classmethod
    def of(cls, values: Sequence[Decimal], plot: _Plot) -> _Scale:
        """The axis around the values, from a round number to a round number, with three to six lines."""
        spread = max(values) - min(values) or abs(values[0]) / 10 or ONE
        power = Decimal(1).scaleb((spread / 4).adjusted())
        step = next(power * n for n in (1, 2, 5, 10) if power * n * 4 >= spread)
        low = (min(values) / step).to_integral_value(ROUND_FLOOR) * step
        high = -((-max(values) / step).to_integral_value(ROUND_FLOOR)) * step
        return cls(low, high if high > low else low + step, step, plot)

    @property
    def places(self) -> int:
        """Decimals that the axis labels need."""
        return max(0, -int(self.step.adjusted()))

    def y(self, value: Decimal) -> Decimal:
        """Where a value lies."""
        share = divided(value - self.low, self.high - self.low)
        return Decimal(self.plot.bottom) - share * (self.plot.bottom - self.plot.top)

    def grid(self) -> str:
        """Hairlines with their values at the left."""
        left, right = Decimal(self.plot.left), Decimal(self.plot.right)
        parts, value = [], self.low
        while value <= self.high:
            at = self.y(value)
            parts.append(_rule(left, right, at, LINE))
            parts.append(_text(left - 5, at + _HALF_LETTER, number(value, self.places), anchor="end"))
            value += self.step
        return "".join(parts)


def _time_positions(times: Sequence[datetime], plot: _Plot) -> list[Decimal]:
    seconds = [Decimal(str((at - times[0]).total_seconds())) for at in times]
    whole = seconds[-1] or ONE
    return [plot.left + divided(one, whole) * (plot.right - plot.left) for one in seconds]


def _drawdown(points: Sequence[Point], xs: Sequence[Decimal], plot: _Plot) -> str:
    falls = drawdowns(points)
    known = [(x, fall) for x, fall in zip(xs, falls, strict=True) if fall is not None]
    top = _rule(Decimal(plot.left), Decimal(plot.right), Decimal(plot.top), LINE_2)
    label = _text(Decimal(plot.left - 5), plot.top + _HALF_LETTER, "0", anchor="end")
    if len(known) < 2:
        return top + label
    deepest = min(fall for _, fall in known)
    if deepest == 0:
        return top + label
    deep = Decimal(plot.bottom - plot.top)
    line = [(x, plot.top + divided(fall, deepest) * deep) for x, fall in known]
    area = [(line[0][0], Decimal(plot.top)), *line, (line[-1][0], Decimal(plot.top))]
    shape = f'<polygon points="{_pairs(area)}" fill="url(#loss)"/>'
    lowest = _text(Decimal(plot.left - 5), plot.bottom + _HALF_LETTER, percent(deepest), anchor="end")
    last = _text(line[-1][0] + 6, line[-1][1] + _HALF_LETTER, percent(known[-1][1]), fill=DOWN)
    return top + label + shape + _polyline(line, DOWN, wide="0.8") + lowest + last


def _days(times: Sequence[datetime], xs: Sequence[Decimal], y: int) -> str:
    """The first and last day, and those between that leave room for their label."""
    parts, free = [], Decimal(-1)
    end = xs[-1] - 24
    for at, x in zip(times, xs, strict=True):
        if at is not times[-1] and (x - 24 < free or x + 26 > end):
            continue
        parts.append(_text(x, Decimal(y), f"{at:%Y-%m-%d}", anchor="middle"))
        free = x + 26
    return "".join(parts)


def _svg(width: int, height: int, inside: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">{inside}</svg>'


def _c(value: Decimal | int) -> str:
    """A coordinate, to hundredths of a point."""
    return f"{Decimal(value):.2f}"


def _pairs(points: Sequence[tuple[Decimal, Decimal]]) -> str:
    return " ".join(f"{_c(x)},{_c(y)}" for x, y in points)


def _rect(x: Decimal, y: Decimal, width: Decimal, height: Decimal, fill: str, radius: str = "0") -> str:
    box = f'x="{_c(x)}" y="{_c(y)}" width="{_c(width)}" height="{_c(height)}" rx="{radius}"'
    return f'<rect {box} fill="{fill}"/>'


def _rule(left: Decimal, right: Decimal, y: Decimal, stroke: str, dash: str = "none") -> str:
    path = f"M{_c(left)} {_c(y)}H{_c(right)}"
    return f'<path d="{path}" stroke="{stroke}" stroke-width="0.6" stroke-dasharray="{dash}"/>'


def _polyline(
    points: Sequence[tuple[Decimal, Decimal]], stroke: str, *, wide: str = "1.2", dash: str = "none"
) -> str:
    style = f'fill="none" stroke="{stroke}" stroke-width="{wide}" stroke-dasharray="{dash}"'
    return f'<polyline points="{_pairs(points)}" {style} stroke-linejoin="round"/>'


def _dot(x: Decimal, y: Decimal, fill: str, radius: str) -> str:
    return f'<circle cx="{_c(x)}" cy="{_c(y)}" r="{radius}" fill="{fill}"/>'


def _text(
    x: Decimal, y: Decimal, text: str, *, anchor: str = "start", weight: int = 400, fill: str = INK_3
) -> str:
    style = f'font-family="Inter, Noto Sans SC" font-size="7" font-weight="{weight}" fill="{fill}"'
    return f'<text x="{_c(x)}" y="{_c(y)}" text-anchor="{anchor}" {style}>{escape(text)}</text>'

"""Write the end of docs/reference/product-rules.md from the ready rule files: what each issuer's products do.

Without an argument the page is written; with --check it is only compared.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from truenav.connect.products.rules import families, read_family
from truenav.core.money import to_text
from truenav.core.product import Aim, DailyTimes, Dealing, Fee, FeeBasis, Product, Schedule, Terms, Trigger

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "product-rules.md"
MARK = "<!-- Below is written by scripts/product_rules.py from src/truenav/connect/products/families. -->\n"


def page(text: str) -> str:
    """The page with what is written by hand as it stands, and the families after it."""
    written, mark, _ = text.partition(MARK)
    if not mark:
        raise SystemExit(f"{PAGE} has lost the line {MARK.strip()}")
    return "\n".join([written + mark, "## Ready families\n", _overview(), *map(_family, families())])


def _overview() -> str:
    lines = ["| family | issuer | products | conflicts | assumptions |", "|---|---|---:|---:|---:|"]
    for name in families():
        products = read_family(name)
        conflicts = {text for one in products for text in one.conflicts}
        assumptions = {text for one in products for text in one.assumptions}
        cells = (f"[{name}](#{name})", products[0].issuer, len(products), len(conflicts), len(assumptions))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _family(name: str) -> str:
    products = read_family(name)
    lines = [
        f"## {name} {{ #{name} }}",
        "",
        "| product | since | target | scheduled | trigger | fees | merge | dealing |",
        "|---|---|---:|---|---|---|---|---|",
        *_rows(products),
        "",
    ]
    for title, texts in (
        ("Sources", [f"<{one.address}>: {one.note}" for one in _all(products, "sources")]),
        ("Conflicts", _all(products, "conflicts")),
        ("Assumptions", _all(products, "assumptions")),
    ):
        if texts:
            lines += [f"{title}:", "", *(f"- {text}" for text in texts), ""]
    return "\n".join(lines)


def _all(products: Sequence[Product], name: str) -> list[Any]:
    """What any of the products says, each once."""
    return list(dict.fromkeys(item for product in products for item in getattr(product, name)))


def _rows(products: Sequence[Product]) -> Iterator[str]:
    """A line for each of the terms; neighbours with the same terms share theirs."""
    listed = sorted(
        products, key=lambda one: [products.index(two) for two in products if two.terms == one.terms]
    )
    for terms, same in groupby(listed, key=lambda one: one.terms):
        ids = ", ".join(one.id.replace("*", "\\*") for one in same)
        for place, one in enumerate(terms):
            cells = (
                "" if place else ids,
                f"{one.since:%Y-%m-%d %H:%M}".removesuffix(" 00:00"),
                _times(one.target) + ("" if one.target_is_published else " (assumed)"),
                "; ".join(map(_schedule, one.schedules)) or "–",
                _trigger(one.trigger),
                "; ".join(map(_fee, one.fees)) or "–",
                _merge(one),
                _dealing(one.dealing),
            )
            yield f"| {' | '.join(cells)} |"


def _times(leverage: Decimal) -> str:
    return f"{to_text(leverage)}x"


def _percent(share: Decimal) -> str:
    return f"{to_text(Decimal(format(share * 100, '.6g')))} %"


def _at(at: DailyTimes) -> str:
    return f"{', '.join(at.times)} {at.zone}"


def _schedule(schedule: Schedule) -> str:
    limits = [
        f"{word} {_times(limit)}"
        for word, limit in (("≤", schedule.below), ("≥", schedule.above))
        if limit is not None
    ]
    if schedule.moved is not None:
        limits.append(f"moved {_percent(schedule.moved)}")
    text = _at(schedule.at) + (f" if {' or '.join(limits)}" if limits else "")
    if schedule.batches > 1:
        text += f", {schedule.batches} batches {schedule.batch_seconds} s apart"
    if schedule.speed != 1:
        text += f", {_percent(schedule.speed)} of the way"
    if schedule.floor is not None and schedule.ceiling is not None:
        text += f", within {_times(schedule.floor)} to {_times(schedule.ceiling)}"
    return text


def _trigger(trigger: Trigger) -> str:
    limits = [
        f"{word} {show(limit)}{more}"
        for word, limit, show, more in (
            ("≥", trigger.above, _times, ""),
            ("≤", trigger.below, _times, ""),
            ("", trigger.over_target, _percent, " over the target"),
            ("", trigger.under_target, _percent, " under the target"),
            ("", trigger.adverse_move, _percent, " against it"),
            ("", trigger.favourable_move, _percent, " in its favour"),
        )
        if limit is not None
    ]
    if not limits:
        return "–"
    edge = ""
    if trigger.aim is Aim.EDGE:
        edge = ", to the edge" + (f" or {_percent(trigger.speed)} of the way" if trigger.speed else "")
    return " or ".join(limit.strip() for limit in limits) + edge


def _fee(fee: Fee) -> str:
    basis = "NAV" if fee.basis is FeeBasis.NAV else "the position"
    return f"{_percent(fee.rate)} of {basis} at {_at(fee.at)}"


def _merge(terms: Terms) -> str:
    if terms.merge is None:
        return "–"
    return f"{terms.merge.ratio}:1 at ≤ {to_text(terms.merge.at_or_below)}"


def _dealing(dealing: Dealing) -> str:
    parts = []
    if dealing.creation_fee or dealing.redemption_fee:
        parts.append(f"{_percent(dealing.creation_fee)} in, {_percent(dealing.redemption_fee)} out")
    if dealing.at is not None:
        parts.append(f"at {_at(dealing.at)}")
    if dealing.daily_cap is not None:
        parts.append(f"up to {to_text(dealing.daily_cap)} a day")
    if dealing.in_kind:
        parts.append("in kind")
    if dealing.halts_while_rebalancing:
        parts.append("not while rebalancing")
    return "; ".join(parts) or "–"


def main() -> int:
    """Write or compare; 1 where the page is not what the rule files say."""
    text = PAGE.read_text(encoding="utf-8")
    new = page(text)
    if "--check" not in sys.argv:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    if new == text:
        return 0
    print(
        "docs/reference/product-rules.md is not what the families say; run scripts/product_rules.py.",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

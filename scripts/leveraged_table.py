"""Write the table "brief, source, ours" of docs/methods/leveraged.md from the golden file.

Without an argument the table in the page is renewed; with --check it is only compared.
"""

from __future__ import annotations

import json
import sys
from itertools import groupby
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden" / "etp" / "leveraged.json"
PAGE = ROOT / "docs" / "methods" / "leveraged.md"
BEGIN, END = "<!-- table by scripts/leveraged_table.py -->\n", "<!-- end of the table -->\n"

Figure: TypeAlias = str | list[str]

HEAD = """| | example | figure | brief | source | ours | why they differ, or from where |
|---|---|---|---|---|---|---|
"""


def page(written: str) -> str:
    """The page with its table as the golden file has it now."""
    before, rest = written.split(BEGIN)
    _, after = rest.split(END)
    return before + BEGIN + "\n" + table() + "\n" + END + after


def table() -> str:
    """A row for each figure; what holds for a whole example stands in its first row."""
    cases = json.loads(GOLDEN.read_text(encoding="utf-8"))["cases"]
    return HEAD + "".join(row for case in cases for row in _rows(case))


def _rows(case: dict[str, Any]) -> list[str]:
    rows = []
    for place, (name, ours) in enumerate(case["expected"].items()):
        brief, published = (_text(case.get(who, {}).get(name, "")) for who in ("brief", "published"))
        note = " ".join(filter(None, (str(case.get("why", "")), f"[{case['source']}]")))
        first = (case["id"], case["title"]) if place == 0 else ("", "")
        cells = (*first, name, brief, published, _text(ours), note if place == 0 else "")
        rows.append(f"| {' | '.join(map(str, cells))} |\n")
    return rows


def _text(figure: Figure) -> str:
    """Figures one after the other; equal neighbours are counted."""
    if isinstance(figure, str):
        return figure
    runs = [(one or "–", len(list(same))) for one, same in groupby(figure)]
    return ", ".join(one if count == 1 else f"{count} × {one}" for one, count in runs)


def main() -> int:
    """Renew the page, or with ``--check`` say whether that is needed."""
    written = PAGE.read_text(encoding="utf-8")
    renewed = page(written)
    if "--check" in sys.argv:
        return int(renewed != written)
    PAGE.write_text(renewed, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

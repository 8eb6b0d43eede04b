"""Write docs/reference/venues.md from the manifests: what each venue supplies, and what that was tested with.

Without an argument the page is written; with --check it is only compared. With --suite the venues' tests
run first, and how they ended is kept beside the page (venues.json) and told on it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree

from truenav.connect.contract import Manifest
from truenav.connect.registry import connector, connector_names, unified_names
from truenav.connect.supplies import ITEMS, PAYLOADS, Supplied, Supply

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "venues.md"
SUITE = PAGE.with_suffix(".json")
TESTS = ("tests/connect/cefi", "tests/connect/test_contract.py")

HEAD = """# Venues

What each connector supplies, item by item, as its manifest says (`scripts/venues.py` writes this page, a
test compares it). *Gold* venues are parsed by our own parsers from the bytes as they were received; each
item that is read names the payload with which its parser is tested, and whether that is *recorded* (a real
answer), *documented* (the vendor's documentation) or *ours* (written by us after it). *Silver* venues are
read through ccxt's unified rows, which are archived beside the bytes; the verifier starts from those rows
and says so. The contract suite of a venue are the tests of what every connector must do and its own; how
it ended when `scripts/venues.py --suite` last ran stands beside its grade.
"""

MARKS = {
    Supplied.READ: "read",
    Supplied.UNIFIED: "through ccxt",
    Supplied.ABSENT: "absent at the venue",
    Supplied.NOT_DONE: "not done",
}


def page() -> str:
    """The whole page."""
    manifests = [connector(name).manifest for name in connector_names()]
    told = [one for one in manifests if one.supplies]
    untold = [one for one in manifests if not one.supplies]
    silver = [connector(name).manifest for name in unified_names()]
    parts = [HEAD, _overview(told), *map(_venue, told)]
    if untold:
        parts.append(_others(untold))
    parts.append(_silver(silver))
    return "\n".join(parts)


def _overview(manifests: list[Manifest]) -> str:
    ended = json.loads(SUITE.read_text(encoding="utf-8")) if SUITE.exists() else {}
    lines = ["| venue | grade | read | absent | not done | contract suite |", "|---|---|---:|---:|---:|---|"]
    for one in manifests:
        counts = [sum(row.state is state for row in one.supplies) for state in _STATES]
        cells = (f"[{one.title}](#{one.name})", one.grade, *map(str, counts), _ended(ended.get(one.name)))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


_STATES = (Supplied.READ, Supplied.ABSENT, Supplied.NOT_DONE)


def _ended(suite: dict[str, object] | None) -> str:
    if suite is None:
        return "not run"
    return f"{suite['passed']} of {suite['tests']} passed on {suite['on']}"


def run_suites() -> int:
    """Run the tests of all venues and keep how they ended; 1 where one failed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        run = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "auto",
            "-m",
            "not nightly",
            f"--junitxml={report}",
            *TESTS,
        ]
        subprocess.run(run, cwd=ROOT, check=False)  # noqa: S603 - our own tests
        cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314 - written just now
    on = datetime.now(UTC).date().isoformat()
    ran: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for case in cases:
        for name in connector_names():
            if _is_of(name, case.get("classname", ""), case.get("name", "")):
                ran[name] += 1
                passed[name] += not len(case)
    found = {name: {"on": on, "passed": passed[name], "tests": ran[name]} for name in sorted(ran)}
    SUITE.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(ran != passed)


def _is_of(venue: str, module: str, test: str) -> bool:
    """Whether a test is of one venue: in its folder, or for it by the test's parameters."""
    return f".cefi.{venue}." in f"{module}." or re.search(rf"[\[-]{venue}[\]-]", test) is not None


def _venue(manifest: Manifest) -> str:
    rows = {row.item: row for row in manifest.supplies}
    lines = [
        f"## {manifest.title} {{ #{manifest.name} }}",
        "",
        f"Wallets: {', '.join(f'`{one}`' for one in manifest.wallets) or 'one for each vault'}"
        f"{_chosen(manifest)}.",
        "",
        "| item | | tested with | note |",
        "|---|---|---|---|",
    ]
    lines += [f"| {ITEMS[item]} | {_cells(manifest.name, rows[item])} |" for item in ITEMS if item in rows]
    return "\n".join(lines) + "\n"


def _chosen(manifest: Manifest) -> str:
    more = ", ".join(f"`{one}`" for one in manifest.more_wallets)
    return f"; where an account lists them {more}" if more else ""


def _cells(venue: str, row: Supply) -> str:
    tested = f"`{PAYLOADS}/{venue}/{row.payload}` ({row.origin})" if row.payload else ""
    return f"{MARKS[row.state]} | {tested} | {row.note}"


def _others(manifests: list[Manifest]) -> str:
    lines = ["## Without a table of items", "", "| connector | grade | wallets |", "|---|---|---|"]
    lines += [f"| {one.title} (`{one.name}`) | {one.grade} | {', '.join(one.wallets)} |" for one in manifests]
    return "\n".join(lines) + "\n"


def _silver(manifests: list[Manifest]) -> str:
    groups: dict[str, list[str]] = {item: [] for item in ITEMS}
    for one in manifests:
        for row in one.supplies:
            if row.state is Supplied.UNIFIED:
                groups[row.item].append(one.title)
    lines = [
        "## Venues of ccxt",
        "",
        f"{len(manifests)} venues, grade silver. A name that is no connector of ours is looked up there.",
        "",
        "| item | venues that supply it |",
        "|---|---:|",
    ]
    lines += [f"| {ITEMS[item]} | {len(titles)} |" for item, titles in groups.items() if titles]
    names = ", ".join(f"{one.title} (`{one.name}`)" for one in manifests)
    return "\n".join(lines) + f"\n\n{names}.\n"


def main() -> int:
    """Write or compare; 1 where the page is not what the manifests say."""
    failed = run_suites() if "--suite" in sys.argv else 0
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
        return failed
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/reference/venues.md is not what the manifests say; run scripts/venues.py.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

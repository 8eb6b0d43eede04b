"""Write docs/reference/venues.md from the manifests: what each venue supplies, and what that was tested with.

Without an argument the page is written; with --check it is only compared.
"""

from __future__ import annotations

import sys
from pathlib import Path

from truenav.connect.contract import Manifest
from truenav.connect.registry import connector, connector_names, unified_names
from truenav.connect.supplies import ITEMS, PAYLOADS, Supplied, Supply

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "venues.md"

HEAD = """# Venues

What each connector supplies, item by item, as its manifest says (`scripts/venues.py` writes this page, a
test compares it). *Gold* venues are parsed by our own parsers from the bytes as they were received; each
item that is read names the payload with which its parser is tested, and whether that is *recorded* (a real
answer), *documented* (the vendor's documentation) or *ours* (written by us after it). *Silver* venues are
read through ccxt's unified rows, which are archived beside the bytes; the verifier starts from those rows
and says so.
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
    lines = ["| venue | grade | read | absent | not done |", "|---|---|---:|---:|---:|"]
    for one in manifests:
        counts = [sum(row.state is state for row in one.supplies) for state in _STATES]
        lines.append(f"| [{one.title}](#{one.name}) | {one.grade} | {' | '.join(map(str, counts))} |")
    return "\n".join(lines) + "\n"


_STATES = (Supplied.READ, Supplied.ABSENT, Supplied.NOT_DONE)


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
    text = page()
    if "--check" not in sys.argv:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/reference/venues.md is not what the manifests say; run scripts/venues.py.", file=sys.stderr)
    return 1


if __name__ == "__main__":
    raise SystemExit(main())

"""Turn a report into a table, a JSON object and a section of ``docs/benchmarks.md``."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.harness import Report

PACKAGES = ("numba", "numpy", "polars", "pyarrow")

HEADER = """# Benchmarks

Written by `python -m bench`; each section names its command. Ratios are meant to be compared, absolute
times belong to one machine on one day. How it is measured: `bench/README.md`.
"""


def as_json(name: str, report: Report) -> dict[str, object]:
    """The figures of one report as plain data."""
    return {
        "name": name,
        "title": report.workload.title,
        "items": report.workload.items,
        "measured_on": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "runs": report.workload.runs,
        "attempt": report.attempt,
        "steady": report.is_steady,
        "load_average": report.load,
        "triad_gb_per_s": report.triad,
        "triad_one_thread_gb_per_s": report.triad_one_thread,
        "limit_seconds": report.limit,
        "seconds": report.seconds,
        "spread_seconds": report.spread,
        "goals": [
            {
                "text": goal.text,
                "value": value,
                "at_least": goal.at_least,
                "at_most": goal.at_most,
                "met": met,
            }
            for goal, value, met in report.figures
        ],
        "verified": report.verified,
    }


def as_markdown(name: str, report: Report) -> str:
    """One section: contenders, goals, and what the figures rest on."""
    return "\n\n".join(
        [
            f"## {report.workload.title}",
            _contender_table(report),
            *([_goal_table(report)] if report.workload.goals else []),
            "\n".join(f"- {line}" for line in _small_print(name, report)),
        ]
    )


def _contender_table(report: Report) -> str:
    work, mine = report.workload, report.seconds[report.workload.ours]
    head = ["contender", "median", "spread", f"{work.unit}s/s", f"× {work.ours}"]
    rows = [
        [
            f"**{c.name}**" if c.name == work.ours else c.name,
            _duration(report.seconds[c.name]),
            "–".join(_duration(x) for x in report.spread[c.name]),
            f"{work.items / report.seconds[c.name]:,.0f}",
            f"{report.seconds[c.name] / mine:.3g}",
        ]
        for c in work.contenders
    ]
    if report.limit:
        rate = f"{work.items / report.limit:,.0f}"
        rows.append(["limit: memory", _duration(report.limit), "", rate, f"{report.limit / mine:.3g}"])
    return _table(head, rows)


def _goal_table(report: Report) -> str:
    rows = []
    for goal, value, met in report.figures:
        bounds = [("≥", goal.at_least), ("≤", goal.at_most)]
        wanted = " and ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)
        rows.append([goal.text, wanted, f"{value:.3g}", "yes" if met else "**no**"])
    return _table(["goal", "wanted", "measured", "met"], rows)


def _small_print(name: str, report: Report) -> Iterable[str]:
    work = report.workload
    yield f"Command: `BENCH_RUNS={work.runs} python -m bench {name}`, {datetime.now(UTC).date()}."
    yield f"Machine: {machine()}."
    yield (
        f"Medians of {work.runs}, contenders alternating in one process. Triad {report.triad[0]:.1f} GB/s "
        f"before, {report.triad[1]:.1f} after, {report.triad_one_thread:.1f} on one thread; load average "
        f"{report.load:.1f} at the start"
        + ("." if report.is_steady else ": **the machine was not steady in any of 3 runs, rerun it.**")
    )
    if work.limit_bytes:
        yield f"Limit: {work.limit_bytes / work.items:g} bytes a {work.unit} at the triad's bandwidth."
    if report.verified:
        yield report.verified
    yield from (f"{c.name}: {c.note}" for c in work.contenders if c.note)
    yield from work.notes


def write_section(page: Path, name: str, section: str) -> None:
    """Put a section between its markers, at the end when the page has none yet."""
    start, end = f"<!-- bench:{name} -->", f"<!-- /bench:{name} -->"
    block = f"{start}\n{section}\n{end}"
    text = page.read_text(encoding="utf-8") if page.exists() else HEADER
    marked = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    if not marked.search(text):
        text = f"{text.rstrip()}\n\n{block}\n"
    text = marked.sub(lambda _: block, text)
    page.write_text(text, encoding="utf-8")


def machine() -> str:
    """Processor, cores, memory and versions; nothing that names the machine or a place on it."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        found = re.search(r"model name\s*:\s*(.+)", cpuinfo.read_text())
        model = found.group(1) if found else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, {packages}"
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _duration(seconds: float) -> str:
    for unit, factor in (("s", 1.0), ("ms", 1e3)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"

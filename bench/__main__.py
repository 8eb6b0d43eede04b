"""``python -m bench [NAME ...] [--json FILE] [--no-docs]``, from the repository root."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import sys
from pathlib import Path

# Parallel kernels of peers must not keep a core spinning while the next contender runs.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import bench
from bench import harness, report

HARNESS = {"harness", "report"}
PAGE = Path("docs/benchmarks.md")


def names() -> list[str]:
    """All workloads: the modules of this package that are not part of the harness."""
    found = (module.name for module in pkgutil.iter_modules(bench.__path__))
    return [name for name in found if name not in HARNESS and not name.startswith("_")]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=bench.__doc__)
    parser.add_argument("names", nargs="*", help=f"workloads, default all: {', '.join(names())}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.add_argument("--no-docs", action="store_true", help=f"leave {PAGE} as it is")
    options = parser.parse_args(arguments)
    unknown = sorted(set(options.names) - set(names()))
    if unknown:
        parser.error(f"no workload {', '.join(unknown)}; there are {', '.join(names())}")
    results, missed = [], 0
    for name in options.names or names():
        figures = harness.measure(importlib.import_module(f"bench.{name}").workload())
        section = report.as_markdown(name, figures)
        print(section, end="\n\n", flush=True)
        if not options.no_docs:
            report.write_section(PAGE, name, section)
        results.append(report.as_json(name, figures))
        missed += sum(not met for _, _, met in figures.figures)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")
    if missed:
        print(f"{missed} goals missed; on a busy machine run it again.", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())

"""Are there known weaknesses in what we depend on? Asks the advisory sources about every locked package.

Exit codes: 0 every package was looked up and none is known to be weak; 1 some is, or a package was skipped;
2 an advisory source cannot be reached, so nothing is known. Silence of a source is never taken for safety.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCKS = tuple(f"requirements/{name}.txt" for name in ("dev", "node", "run", "uv"))
PYTHON_SOURCE = "https://api.osv.dev"
OK, WEAK, UNKNOWN = 0, 1, 2

Run = Callable[[list[str], Path], str]


def python_findings(report: dict[str, Any], lock: str) -> list[str]:
    """What pip-audit's JSON report says against a lock's packages; one that it left out is a finding."""
    found, seen = [], set()
    for package in report["dependencies"]:
        seen.add(_plain(package["name"]))
        if reason := package.get("skip_reason"):
            found.append(f"{package['name']}: skipped: {reason}")
        for weakness in package.get("vulns", ()):
            mend = ", ".join(weakness.get("fix_versions") or ["no version"])
            found.append(f"{package['name']} {package.get('version')}: {weakness['id']}, mended in {mend}")
    return found + [f"{name}: was not looked up" for name in sorted(locked_names(lock) - seen)]


def web_findings(report: dict[str, Any]) -> list[str]:
    """What npm's JSON report says against the packages of the web app."""
    return [
        f"{name}: {one['severity']}, of {one.get('range', 'any version')}"
        for name, one in sorted(report["vulnerabilities"].items())
    ]


def locked_names(lock: str) -> set[str]:
    """Names pinned in a lock for every platform; those with a marker may not be installed here."""
    lines = re.findall(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==[^\s\\]+([^\\\n]*)", lock, flags=re.MULTILINE)
    return {_plain(name) for name, marker in lines if ";" not in marker}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def audit_python(run: Run) -> list[str]:
    """Findings in all locks. `ValueError` when pip-audit gives no report."""
    command = [
        str(Path(sys.executable).with_name("pip-audit")),
        "--require-hashes",
        "--disable-pip",
        "--strict",
    ]
    options = ["--vulnerability-service=osv", "--format=json", "--progress-spinner=off"]
    found = []
    for lock in LOCKS:
        report = json.loads(run([*command, *options, "--requirement", lock], ROOT))
        found += python_findings(report, (ROOT / lock).read_text("utf-8"))
    return sorted(set(found))


def audit_web(run: Run) -> list[str]:
    """Findings in the web app's lock. `ValueError` when npm gives no report."""
    report = json.loads(run(["npm", "audit", "--json", "--package-lock-only"], ROOT / "web"))
    if "vulnerabilities" not in report:
        raise ValueError(str(report.get("message") or report.get("error") or report)[:200])
    return web_findings(report)


def judge(parts: dict[str, Callable[[], list[str]]]) -> int:
    """Run each part, print what it found, and give the exit code of the whole."""
    weak = unknown = False
    for name, part in parts.items():
        try:
            found = part()
        except (OSError, ValueError) as error:
            print(
                f"{name}: NO ADVISORY SOURCE COULD BE REACHED, so nothing is known: {error}. This is no pass "
                f"(exit code 2): run it again where the source answers.",
                file=sys.stderr,
            )
            unknown = True
            continue
        for line in found:
            print(f"{name}: {line}", file=sys.stderr)
        weak = weak or bool(found)
        if not found:
            print(f"{name}: every package was looked up; no weakness is known.")
    return WEAK if weak else UNKNOWN if unknown else OK


def probed(source: str, part: Callable[[], list[str]]) -> Callable[[], list[str]]:
    """A part that is begun only if its source answers, with whatever status."""

    def run() -> list[str]:
        try:
            urllib.request.urlopen(source, timeout=10).close()  # noqa: S310 - a constant https address
        except urllib.error.HTTPError as answer:
            if answer.code >= 500 or answer.code in (403, 407):
                raise OSError(f"{source} answers {answer.code}") from answer
        return part()

    return run


def _run(command: list[str], folder: Path) -> str:
    # Both tools exit with an error when they find something: their report is what counts.
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    if not done.stdout.strip():
        raise ValueError(f"{Path(command[0]).name}: {done.stderr.strip()[-200:]}")
    return done.stdout


if __name__ == "__main__":
    sys.exit(
        judge({"python": probed(PYTHON_SOURCE, lambda: audit_python(_run)), "web": lambda: audit_web(_run)})
    )

"""Refuse run-time dependencies without a permissive licence.

Reads the names pinned in requirements/run.txt and the metadata of the installed distributions, and what
web/package-lock.json says of the packages in the web app. The exceptions are named below, each with its
reason; an exception that is no longer needed fails the check.
"""

from __future__ import annotations

import json
import re
import sys
from importlib import metadata
from pathlib import Path

PERMISSIVE = (
    r"\bmit\b|apache|\bbsd\b|bsd-[023]|\bisc\b|isc license|\bpsf\b|python software foundation|\bzlib\b"
    r"|\bunlicense\b|public domain|postgresql|0bsd|cc0|boost|\bofl\b"  # OFL: fonts
)
EXCEPTIONS = {
    "psycopg": "LGPL-3.0: imported unmodified, as its licence allows",
    "psycopg-binary": "LGPL-3.0: imported unmodified, as its licence allows",
    "psycopg-pool": "LGPL-3.0: imported unmodified, as its licence allows",
    "certifi": "MPL-2.0: certificate list, used unmodified",
    "orjson": "MPL-2.0 or Apache-2.0 or MIT: used unmodified",
}


def pinned_names(lock: str) -> list[str]:
    """Names of the distributions in a hashed requirement file."""
    return re.findall(r"^([a-z0-9][a-z0-9._-]*)==", lock, flags=re.MULTILINE | re.IGNORECASE)


def licence_of(name: str) -> str:
    """What a distribution says of its licence: expression, classifiers, or the field's first line."""
    info = metadata.metadata(name)
    classifiers = [one for one in info.get_all("Classifier") or [] if one.startswith("License ::")]
    parts = [info.get("License-Expression") or "", *classifiers, (info.get("License") or "")[:80]]
    stated = " | ".join(part.strip().splitlines()[0] for part in parts if part.strip())
    return stated or _licence_file_head(name)


def _licence_file_head(name: str) -> str:
    """The first words of the distribution's licence file, for those that state it nowhere else."""
    for file in metadata.files(name) or []:
        if re.search(r"licenses?/licen[cs]e", str(file), re.IGNORECASE):
            return " ".join(file.read_text().split())[:120]
    return ""


def is_permissive(licence: str) -> bool:
    """Whether a licence allows everything but dropping its notice."""
    copyleft = re.search(r"gpl|\bmpl\b|mozilla|commons clause|business source", licence, re.IGNORECASE)
    return bool(re.search(PERMISSIVE, licence, re.IGNORECASE)) and not copyleft


def web_licences(lock: str) -> dict[str, str]:
    """The licence of each package that the built web app may hold."""
    return {
        path.rpartition("node_modules/")[2]: str(package.get("license") or "")
        for path, package in json.loads(lock)["packages"].items()
        if path and not package.get("dev")
    }


def main() -> int:
    """Print each refused distribution; 0 when all are permissive or excepted."""
    root = Path(__file__).parent.parent
    lock = root.joinpath("requirements/run.txt").read_text("utf-8")
    web = web_licences(root.joinpath("web/package-lock.json").read_text("utf-8"))
    refused = [f"{name}: {licence}" for name, licence in sorted(web.items()) if not is_permissive(licence)]
    needed = set()
    for name in pinned_names(lock):
        try:
            licence = licence_of(name)
        except metadata.PackageNotFoundError:
            continue  # pinned for another platform
        if is_permissive(licence):
            continue
        needed.add(name)
        if name not in EXCEPTIONS:
            refused.append(f"{name}: {licence or 'no licence stated'}")
    stale = [name for name in EXCEPTIONS if name not in needed and name in pinned_names(lock)]
    for line in refused:
        print(f"not permissive: {line}", file=sys.stderr)
    for name in stale:
        print(f"exception no longer needed: {name}", file=sys.stderr)
    return 1 if refused or stale else 0


if __name__ == "__main__":
    sys.exit(main())

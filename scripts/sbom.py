"""The software bill of materials: every package that an installation runs, as CycloneDX JSON.

Read from the lock files alone (requirements/run.txt, web/package-lock.json), so the same locks give the same
bytes on every machine.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import sys
import tomllib
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).parent.parent
_REQUIREMENT = re.compile(
    r"^(?P<name>[A-Za-z0-9][\w.-]*)==(?P<version>[^\s\\;]+)(?P<rest>(?:[^\n\\]|\\\n)*)", re.MULTILINE
)


def bill() -> bytes:
    """The bill of this checkout."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    python = (ROOT / "requirements" / "run.txt").read_text("utf-8")
    web = json.loads((ROOT / "web" / "package-lock.json").read_text("utf-8"))
    return render(project["name"], project["version"], [*python_components(python), *web_components(web)])


def python_components(lock: str) -> list[dict[str, Any]]:
    """One component a pinned requirement; the hashes are those of its published files."""
    found = []
    for match in _REQUIREMENT.finditer(lock):
        name, version = match["name"].lower(), match["version"]
        marker = match["rest"].partition("\\")[0].strip(" ;")
        component = _component(name, version, f"pkg:pypi/{name}@{quote(version, safe='')}")
        files = sorted(re.findall(r"--hash=sha256:([0-9a-f]{64})", match["rest"]))
        properties = [{"name": "truenav:file-sha256", "value": one} for one in files]
        if marker:
            properties.append({"name": "truenav:only-where", "value": marker})
        found.append({**component, "properties": properties})
    return found


def web_components(lock: dict[str, Any]) -> list[dict[str, Any]]:
    """One component an npm package that the built web app may hold; tools of the build are left out."""
    found = {}
    for path, package in lock["packages"].items():
        if not path or package.get("dev") or package.get("link"):
            continue
        name, version = path.rpartition("node_modules/")[2], package["version"]
        purl = f"pkg:npm/{quote(name, safe='/')}@{quote(version, safe='')}"
        component = _component(name, version, purl)
        if integrity := package.get("integrity"):
            algorithm, _, value = integrity.partition("-")
            names = {"sha512": "SHA-512", "sha256": "SHA-256", "sha1": "SHA-1"}
            digest = base64.b64decode(value).hex()
            component["hashes"] = [{"alg": names[algorithm], "content": digest}]
        if isinstance(package.get("license"), str):
            component["licenses"] = [{"license": {"name": package["license"]}}]
        found[purl] = component
    return list(found.values())


def render(name: str, version: str, components: list[dict[str, Any]]) -> bytes:
    """The document; its serial number is a hash of its content."""
    ordered = sorted(components, key=lambda one: one["bom-ref"])
    content = hashlib.sha256(json.dumps(ordered, sort_keys=True).encode()).digest()
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.UUID(bytes=content[:16], version=4)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": f"{name}@{version}",
                "name": name,
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": ordered,
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n"


def _component(name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


if __name__ == "__main__":
    if len(sys.argv) == 2:
        Path(sys.argv[1]).write_bytes(bill())
    else:
        sys.stdout.buffer.write(bill())

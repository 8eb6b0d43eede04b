"""The bill of materials is whole and repeatable; the audit never takes silence for safety."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


sbom, audit, licences = script("sbom"), script("audit"), script("check_licences")


def test_the_bill_of_materials_is_valid_and_the_same_each_time() -> None:
    first = sbom.bill()
    assert first == sbom.bill()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(first.decode()) is None


def test_every_locked_package_is_on_the_bill_and_no_address_of_a_registry() -> None:
    bill = sbom.bill().decode()
    components = json.loads(bill)["components"]
    named = {one["purl"] for one in components}
    lock = (ROOT / "requirements" / "run.txt").read_text()
    pinned = re.findall(r"^([a-z0-9][\w.-]*)==([^\s;\\]+)", lock, re.MULTILINE)
    assert {f"pkg:pypi/{name}@{version}" for name, version in pinned} <= named
    web = json.loads((ROOT / "web" / "package-lock.json").read_text())
    for name in web["packages"][""]["dependencies"]:
        version = web["packages"][f"node_modules/{name}"]["version"]
        assert any(one["name"] == name and one["version"] == version for one in components), name
    assert all(one.get("properties") or one.get("hashes") for one in components)
    assert "resolved" not in bill
    assert not re.search(r"https?://(?!cyclonedx\.org)", bill)


LOCK = "alpha==1.0 \\\n    --hash=sha256:ab\nbeta_b==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:cd\n"


@pytest.mark.parametrize(
    ("report", "found"),
    [
        ([{"name": "alpha", "version": "1.0", "vulns": []}], []),
        ([], ["alpha: was not looked up"]),
        ([{"name": "Alpha", "skip_reason": "not found"}], ["Alpha: skipped: not found"]),
        (
            [{"name": "alpha", "version": "1.0", "vulns": [{"id": "X-1", "fix_versions": ["1.1"]}]}],
            ["alpha 1.0: X-1, mended in 1.1"],
        ),
    ],
)
def test_a_package_that_was_skipped_or_left_out_is_a_finding(report: list, found: list[str]) -> None:
    assert audit.python_findings({"dependencies": report}, LOCK) == found


def silent() -> list[str]:
    raise OSError("no route to host")


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"python": list, "web": list}, 0),
        ({"python": silent, "web": list}, 2),
        ({"python": lambda: ["alpha: weak"], "web": silent}, 1),
    ],
)
def test_a_source_that_does_not_answer_is_said_plainly_and_never_a_pass(
    parts: dict, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert audit.judge(parts) == code
    said = capsys.readouterr().err
    assert ("NO ADVISORY SOURCE COULD BE REACHED" in said) == (silent in parts.values())


def test_a_web_report_without_findings_or_answer_is_told_apart() -> None:
    assert audit.audit_web(lambda *_: '{"vulnerabilities": {}}') == []
    weak = '{"vulnerabilities": {"left": {"severity": "high", "range": "<2"}}}'
    assert audit.audit_web(lambda *_: weak) == ["left: high, of <2"]
    with pytest.raises(ValueError, match="offline"):
        audit.audit_web(lambda *_: '{"message": "offline"}')


@pytest.mark.parametrize(
    ("licence", "allowed"),
    [
        ("MIT", True),
        ("(MIT OR CC0-1.0)", True),
        ("BSD-3-Clause", True),
        ("OFL-1.1", True),
        ("GPL-3.0-only", False),
        ("AGPL-3.0", False),
        ("MPL-2.0", False),
        ("Apache-2.0 with Commons Clause", False),
        ("", False),
        ("UNLICENSED", False),
    ],
)
def test_only_permissive_licences_pass(licence: str, allowed: bool) -> None:
    assert licences.is_permissive(licence) is allowed


def test_tools_of_the_build_are_not_judged_but_all_else_of_the_web_app_is() -> None:
    lock = {"": {}, "node_modules/@a/b": {"license": "MIT"}, "node_modules/c": {"dev": True}}
    assert licences.web_licences(json.dumps({"packages": lock})) == {"@a/b": "MIT"}
    assert len(licences.web_licences((ROOT / "web" / "package-lock.json").read_text())) > 10

"""The files of ``deploy/`` say what they should: hardened units, a rootless image, settings that exist."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from truenav.app.settings import read_settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(DEPLOY.glob("systemd/*.service"))
HARDENED = (
    "NoNewPrivileges=yes",
    "ProtectSystem=strict",
    "ProtectHome=yes",
    "PrivateTmp=yes",
    "PrivateDevices=yes",
    "CapabilityBoundingSet=",
    "RestrictNamespaces=yes",
    "SystemCallFilter=@system-service",
    "UMask=0077",
)


@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_a_unit_may_do_nothing_that_it_does_not_need(unit: Path) -> None:
    lines = unit.read_text().splitlines()
    assert set(HARDENED) <= set(lines)
    assert "User=truenav" in lines


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_systemd_understands_a_unit_and_finds_it_safe(unit: Path, tmp_path: Path) -> None:
    # The programs are not installed where a unit expects them; everything else is judged.
    text = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", unit.read_text(), flags=re.MULTILINE)
    name = unit.name.replace("@", "@1") if "@" in unit.name else unit.name
    copy = tmp_path / name
    copy.write_text(re.sub(r"^(User|Group)=.*\n", "", text, flags=re.MULTILINE))
    verify = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, check=False
    )
    said = [line for line in verify.stderr.splitlines() if name in line]
    assert said == []
    safety = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=30", str(copy)],
        capture_output=True,
        text=True,
        check=False,
    )
    if "Failed to" in safety.stderr:
        pytest.skip(f"systemd-analyze cannot judge here: {safety.stderr.splitlines()[0]}")
    assert safety.returncode == 0, safety.stdout[-2000:]


def test_the_compose_file_runs_api_and_workers_without_rights() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    assert services["api"]["deploy"]["replicas"] >= 2
    assert services["worker"]["deploy"]["replicas"] >= 2
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert "privileged" not in service, name
    published = {name for name, service in services.items() if "ports" in service}
    assert published == {"proxy"}


def test_the_image_runs_as_nobody_special_and_installs_by_hash() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    assert any(re.fullmatch(r"USER [1-9]\d*", line) for line in lines)
    assert any("--require-hashes" in line for line in lines)
    assert any("npm ci --ignore-scripts" in line for line in lines)


def test_every_setting_of_the_example_is_read() -> None:
    text = (DEPLOY / "truenav.env.example").read_text()
    given = dict(re.findall(r"^#?(TRUENAV_\w+)=(\S*)", text, flags=re.MULTILINE))
    settings = Path(read_settings.__code__.co_filename).read_text()
    assert [name for name in given if name not in settings] == []

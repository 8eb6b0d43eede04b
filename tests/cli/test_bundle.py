"""``truenav bundle``: a look into an evidence bundle, also into one that somebody spoiled."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from truenav.app.proof.archive import Entry, write_archive
from truenav.app.proof.lines import BundleDifferenceError
from truenav.cli.bundle import bundle
from truenav.core.failure import NotFoundError


def _ran(tmp_path, manifest: bytes, *arguments: str):
    path = tmp_path / "one.zip"
    path.write_bytes(write_archive([Entry("manifest.jsonl", manifest)]))
    command, *rest = arguments
    return CliRunner().invoke(bundle, [command, str(path), *rest])


def test_files_and_manifest_are_shown(tmp_path):
    line = b'{"name":"README.txt","sha256":"00","size":1}\n'
    shown = _ran(tmp_path, line, "manifest", "--output", "json")
    assert json.loads(shown.output) == [{"name": "README.txt", "sha256": "00", "size": 1}]
    (listed,) = json.loads(_ran(tmp_path, line, "list", "--output", "json").output)
    assert (listed["name"], listed["size"]) == ("manifest.jsonl", len(line))
    assert _ran(tmp_path, line, "cat", "manifest.jsonl").stdout_bytes == line
    assert isinstance(_ran(tmp_path, line, "cat", "other").exception, NotFoundError)


@pytest.mark.parametrize("manifest", [b"no json\n", b"[1]\n", b'{"a":1}', b"\xff\n"])
def test_a_manifest_that_is_none_is_told_with_its_line(tmp_path, manifest):
    found = _ran(tmp_path, manifest, "manifest").exception
    assert isinstance(found, BundleDifferenceError)
    assert "manifest.jsonl line 1" in found.message

"""A bundle verifies anywhere: on other Pythons, in other places, without database, network or settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.app.nav.bundle_sample import GOLDEN, SIGNER
from tests.app.nav.bundle_tools import REPOSITORY, SECOND_VERIFIER

from truenav.core.canonical import sha256_hex

SAMPLE = Path(__file__).with_name("bundle_sample.py")
NEEDED = ("click", "cryptography", "cffi", "pycparser")
"""All that ``truenav verify`` needs besides truenav itself (the last two by way of cryptography)."""

VERIFY = "from truenav.cli import main; main()"
WITHOUT_SOCKETS = """
import socket

def refuse(*arguments, **options):
    raise AssertionError("the verifier opened a socket")

socket.socket = socket.create_connection = socket.getaddrinfo = refuse
"""


def bare_environment(**more: str) -> dict[str, str]:
    """No setting of ours, and no home to find one in."""
    plain = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(REPOSITORY / "src"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return plain | more


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(one) for one in command],
        cwd=cwd,
        env=bare_environment(**environment),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )


def other_python(minor: str) -> str | None:
    """An interpreter of another minor version: on the path, or where pyenv keeps them."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{minor}.*/bin/python"), reverse=True)
    for candidate in (shutil.which(f"python{minor}"), *map(str, kept)):
        if candidate is None:
            continue
        asked = subprocess.run(
            [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        if asked.stdout.strip() == minor:
            return candidate
    return None


def locked(names: tuple[str, ...]) -> str:
    """The lines of the lock file for some packages, with their hashes."""
    blocks = re.split(r"\n(?=\S)", (REPOSITORY / "requirements/run.txt").read_text())
    return "\n".join(block for block in blocks if block.partition("==")[0] in names) + "\n"


def packages_for(python: str, folder: Path) -> Path:
    """A folder with what the verifier needs on another Python, and nothing else; filled once."""
    lock = locked(NEEDED)
    stamp, packages, requirements = folder / "lock", folder / "packages", folder / "requirements.txt"
    if stamp.exists() and stamp.read_text() == lock:
        return packages
    shutil.rmtree(packages, ignore_errors=True)
    requirements.write_text(lock)
    what = ["--quiet", "--require-hashes", "--target", packages, "-r", requirements]
    uv = shutil.which("uv", path=f"{REPOSITORY / '.uv/bin'}{os.pathsep}{os.environ['PATH']}")
    install = [uv, "pip", "install", "--python", python] if uv else [python, "-m", "pip", "install"]
    done = subprocess.run([*install, *what], capture_output=True, text=True, timeout=100, check=False)
    if done.returncode:
        pytest.skip(f"{python} is here, but what it needs cannot be installed: {done.stderr.strip()[-200:]}")
    stamp.write_text(lock)
    return packages


def python_with_packages(minor: str, cache: pytest.Cache) -> tuple[str, str]:
    """An interpreter of a minor version, and the path on which it finds all that it needs."""
    paths = [str(REPOSITORY / "src")]
    if minor == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable, paths[0]
    python = other_python(minor)
    if python is None:
        pytest.skip(f"Python {minor} is not on this machine.")
    paths.append(str(packages_for(python, Path(cache.mkdir(f"python-{minor}")))))
    return python, os.pathsep.join(paths)


@pytest.mark.parametrize("minor", ["3.11", "3.12", "3.13"])
def test_every_python_verifies_the_golden_bundle_and_builds_the_same_bytes(minor, request, tmp_path):
    python, path = python_with_packages(minor, request.config.cache)
    done = run(python, SAMPLE, cwd=tmp_path, PYTHONPATH=path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == sha256_hex(GOLDEN.read_bytes())
    said = run(
        python, "-c", VERIFY, "verify", GOLDEN, "--key", SIGNER.public_key, cwd=tmp_path, PYTHONPATH=path
    )
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.startswith("small.zip: identical, byte for byte\n")


@pytest.mark.parametrize(
    "place",
    [
        {"TZ": "Pacific/Chatham", "LANG": "C", "PYTHONHASHSEED": "1"},
        {"TZ": "America/St_Johns", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "2"},
        {
            "TZ": "UTC",
            "LC_ALL": "POSIX",
            "PYTHONHASHSEED": "3",
            "PYTHONUTF8": "0",
            "PYTHONCOERCECLOCALE": "0",
        },
        {"PYTHONOPTIMIZE": "2", "PYTHONHASHSEED": "4"},
    ],
)
def test_time_zone_language_and_hash_seed_change_no_byte(place, tmp_path):
    done = run(sys.executable, SAMPLE, cwd=tmp_path, **place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip() == sha256_hex(GOLDEN.read_bytes())


def test_neither_database_nor_network_nor_settings_are_needed(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WITHOUT_SOCKETS)
    paths = os.pathsep.join((str(tmp_path), str(REPOSITORY / "src")))
    empty = tmp_path / "empty"
    empty.mkdir()
    command = (sys.executable, "-c", VERIFY, "verify", GOLDEN, "--key", SIGNER.public_key)
    done = run(*command, cwd=empty, PYTHONPATH=paths)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(empty.iterdir()) == []
    probe = run(sys.executable, "-c", "import socket; socket.socket()", cwd=empty, PYTHONPATH=paths)
    assert "the verifier opened a socket" in probe.stderr


def test_the_verifier_loads_nothing_that_is_not_needed(tmp_path):
    listing = (
        "import sys; from truenav.cli import truenav\n"
        f"try: truenav(['verify', {str(GOLDEN)!r}, '--key', {SIGNER.public_key!r}])\n"
        "except SystemExit as end: assert end.code == 0\n"
        "files = {getattr(module, '__file__', None) or '' for module in sys.modules.values()}\n"
        "parts = [file.partition('site-packages/')[2].partition('/')[0] for file in files]\n"
        "print(' '.join(sorted({part.partition('.')[0] for part in parts} - {''})))"
    )
    done = run(sys.executable, "-c", listing, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stdout.splitlines()[-1].split())
    startup = {"_distutils_hack", "_virtualenv", "coverage"}
    assert loaded - startup <= {"click", "cryptography", "_cffi_backend"}


def test_the_second_verifier_runs_alone(tmp_path):
    for key, code in ((SIGNER.public_key, 0), (None, 7), ("0" * 64, 8), ("short", 2)):
        done = run(
            sys.executable, "-I", SECOND_VERIFIER, GOLDEN, *(("--key", key) if key else ()), cwd=tmp_path
        )
        assert done.returncode == code, done.stdout + done.stderr


def test_the_command_answers_within_two_seconds(tmp_path):
    """The target is 1.5 s for the demo's bundle on an idle machine; a busy one gets some room."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        run(sys.executable, "-c", VERIFY, "verify", GOLDEN, cwd=tmp_path)
        times.append(time.perf_counter() - start)
    assert min(times) < 2

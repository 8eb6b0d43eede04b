"""What a tamperer has: any edit of the bytes, of the entries, and a seal of his own."""

from __future__ import annotations

import importlib.util
import random
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import ModuleType

from truenav.app.proof.archive import Entry, read_archive, write_archive
from truenav.app.proof.seal import open_seal
from truenav.app.proof.signing import Signer
from truenav.core.canonical import canonical_lines, sha256_hex
from truenav.core.failure import TruenavError
from truenav.core.merkle import merkle_root

REPOSITORY = Path(__file__).parents[3]
SECOND_VERIFIER = REPOSITORY / "docs/reference/check_bundle.py"


def _load_second_verifier() -> ModuleType:
    spec = importlib.util.spec_from_file_location("check_bundle", SECOND_VERIFIER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


second_verifier = _load_second_verifier()


def broken_seal(data: bytes, key: str | None = None) -> str:
    """The first thing that our verifier finds without computing; empty where the seal holds."""
    try:
        open_seal(data, key)
    except TruenavError as error:
        return error.message
    return ""


def second_opinion(data: bytes, key: str | None = None) -> str:
    """The same by the verifier that shares no code with ours."""
    try:
        second_verifier.check(data, key)
    except second_verifier.BrokenError as error:
        return str(error)
    return ""


def undetected(samples: Iterable[bytes]) -> list[tuple[int, str, str]]:
    """The samples that one of the two verifiers takes for intact: their numbers and both answers."""
    found = []
    for number, sample in enumerate(samples):
        first, second = broken_seal(sample), second_opinion(sample)
        if not (first and second):
            found.append((number, first, second))
    return found


def contents(data: bytes) -> dict[str, bytes]:
    return {entry.name: entry.data for entry in read_archive(data)}


def repacked(files: dict[str, bytes]) -> bytes:
    """An archive in its one form, whatever the files say of each other."""
    return write_archive(Entry(name, data) for name, data in files.items())


def resealed(files: dict[str, bytes], signer: Signer) -> bytes:
    """A bundle of these files with a right manifest and signature; payloads are put into order."""
    body = {name: data for name, data in files.items() if name not in ("manifest.jsonl", "signature.jsonl")}
    first = {name: data for name, data in body.items() if not name.startswith("payloads/")}
    ordered = first | {name: body[name] for name in sorted(body.keys() - first.keys())}
    manifest = canonical_lines(
        {"name": name, "sha256": sha256_hex(data), "size": len(data)} for name, data in ordered.items()
    )
    signature = canonical_lines([signer.sign(merkle_root(manifest.split(b"\n")[:-1]))])
    return repacked(ordered | {"manifest.jsonl": manifest, "signature.jsonl": signature})


def random_edit(data: bytes, chance: random.Random) -> bytes:
    """The bytes after one edit that changes them."""
    while True:
        edited = chance.choice(_EDITS)(data, chance)
        if edited != data:
            return edited


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ chance.randrange(1, 256)]) + data[at + 1 :]


def _delete(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + data[at + chance.choice((1, 2, 30, 46, chance.randrange(1, 2000))) :]


def _insert(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data) + 1)
    return data[:at] + chance.randbytes(chance.randrange(1, 40)) + data[at:]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    start, end = sorted(chance.sample(range(len(data)), 2))
    return data[:end] + data[start:]


def _swap(data: bytes, chance: random.Random) -> bytes:
    a, b, c, d = sorted(chance.sample(range(len(data) + 1), 4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def _truncate(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(len(data))]


def _append(data: bytes, chance: random.Random) -> bytes:
    return data + chance.randbytes(chance.randrange(1, 40))


def _swap_entries(data: bytes, chance: random.Random) -> bytes:
    entries: Sequence[Entry] = read_archive(data)
    one, other = chance.sample(range(len(entries)), 2)
    changed = list(entries)
    changed[one], changed[other] = changed[other], changed[one]
    return write_archive(changed)


def _edit_entry(data: bytes, chance: random.Random) -> bytes:
    """An edit inside one file, with an archive that fits it again."""
    entries = list(read_archive(data))
    at = chance.randrange(len(entries))
    entry = entries[at]
    edit = chance.choice((_flip, _delete, _insert, _truncate, _append))
    entries[at] = Entry(entry.name, edit(entry.data, chance))
    return write_archive(entries)


_EDITS = (
    _flip,
    _flip,
    _delete,
    _insert,
    _repeat,
    _swap,
    _truncate,
    _append,
    _swap_entries,
    _edit_entry,
    _edit_entry,
)

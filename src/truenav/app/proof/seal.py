"""The seal of an evidence bundle: which files it has, the hash of each, and a signature over all of them.

Every bundle has the same files, whatever it proves; ``run.jsonl`` says what that is. A seal is found to hold
without computing anything.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from truenav.app.proof.archive import Entry, layout_difference, read_archive, write_archive
from truenav.app.proof.lines import BundleDifferenceError, read_line, read_lines
from truenav.app.proof.signing import Signature, Signer, check_signature
from truenav.core.canonical import canonical_json, canonical_lines, decode, sha256_hex
from truenav.core.clock import instant_text
from truenav.core.evidence import Evidence
from truenav.core.ids import Sha256
from truenav.core.merkle import merkle_root

README, DEFINITIONS, EVIDENCE = "README.txt", "definitions.jsonl", "evidence.jsonl"
FACTS, RESULT, RUN = "facts.jsonl", "result.jsonl", "run.jsonl"
_FIRST = (README, DEFINITIONS, EVIDENCE, FACTS, RESULT, RUN)
_PAYLOADS = "payloads/"
_MANIFEST, _SIGNATURE = "manifest.jsonl", "signature.jsonl"
_LAST = (_MANIFEST, _SIGNATURE)


@dataclass(frozen=True, slots=True)
class Contents:
    """The bytes of a bundle's files before they are sealed; payloads by their SHA-256."""

    readme: bytes
    definitions: bytes
    evidence: bytes
    facts: bytes
    result: bytes
    run: bytes
    payloads: Mapping[Sha256, bytes]

    def entries(self) -> list[Entry]:
        """The files in their order."""
        texts = (self.readme, self.definitions, self.evidence, self.facts, self.result, self.run)
        return [
            *(Entry(name, data) for name, data in zip(_FIRST, texts, strict=True)),
            *(Entry(_PAYLOADS + sha, self.payloads[sha]) for sha in sorted(self.payloads)),
        ]


@dataclass(frozen=True, slots=True)
class Sealed:
    """The files of a bundle whose layout, hashes and signature hold."""

    files: Mapping[str, bytes]
    signature: Signature
    root: bytes


def sealed_archive(contents: Contents, signer: Signer) -> bytes:
    """A bundle's bytes; the same content and key give the same bytes everywhere."""
    files = contents.entries()
    return _archive(files, signer.sign(_root(_manifest(files))))


def archived_again(contents: Contents, signature: Signature) -> bytes:
    """The bytes of a bundle that was signed before."""
    return _archive(contents.entries(), signature)


def open_seal(data: bytes, key: str | None = None) -> Sealed:
    """The files of a bundle, once its layout, hashes and signature are found to hold; nothing is computed.

    Refuses with a ``TruenavError`` that names the first thing that does not hold.
    """
    entries = read_archive(data)
    _check_names([entry.name for entry in entries])
    *files, manifest, signed = entries
    _check_manifest(files, manifest.data)
    if where := layout_difference(entries, data):
        raise BundleDifferenceError(f"{where}, is not as a bundle is written")
    signature = decode(Signature, read_line(_SIGNATURE, signed.data))
    root = _root(manifest.data)
    check_signature(signature, root, key)
    return Sealed({file.name: file.data for file in files}, signature, root)


def payloads_in(files: Mapping[str, bytes]) -> dict[Sha256, bytes]:
    """The payloads of a bundle by their SHA-256."""
    return {
        Sha256(name.removeprefix(_PAYLOADS)): data
        for name, data in files.items()
        if name.startswith(_PAYLOADS)
    }


def read_evidence(
    files: Mapping[str, bytes], payloads: Mapping[Sha256, bytes], *, until: datetime
) -> tuple[Evidence, ...]:
    """How each payload was asked for; `BundleDifferenceError` where evidence and payloads do not fit.

    Nothing may have been received later than ``until``, when the result was computed.
    """
    evidence = tuple(decode(Evidence, line) for line in read_lines(EVIDENCE, files[EVIDENCE]))
    for number, one in enumerate(evidence, 1):
        where = f"{EVIDENCE} line {number}"
        if one.sha256 not in payloads:
            raise BundleDifferenceError(f"{where}: {_PAYLOADS}{one.sha256} is missing")
        if one.size != len(payloads[one.sha256]):
            raise BundleDifferenceError(
                f"{where}: {_PAYLOADS}{one.sha256} has {len(payloads[one.sha256])} bytes, not {one.size}"
            )
        if one.answered_at > until:
            raise BundleDifferenceError(
                f"{where}: received at {instant_text(one.answered_at)}, when the result was already computed"
            )
    if unused := payloads.keys() - {one.sha256 for one in evidence}:
        raise BundleDifferenceError(f"{_PAYLOADS}{min(unused)} has no line in {EVIDENCE}")
    return evidence


def evidence_lines(evidence: Iterable[Evidence]) -> bytes:
    """The file of the evidence, in the order in which it was received."""
    ordered = sorted(evidence, key=evidence_order)
    return canonical_lines(ordered)


def evidence_order(one: Evidence) -> tuple[datetime, str, bytes]:
    """By when it was received; what was received at once, by content."""
    return one.answered_at, one.sha256, canonical_json(one)


def _records(files: Iterable[Entry]) -> list[dict[str, Any]]:
    return [{"name": file.name, "sha256": sha256_hex(file.data), "size": len(file.data)} for file in files]


def _manifest(files: Iterable[Entry]) -> bytes:
    return canonical_lines(_records(files))


def _root(manifest: bytes) -> bytes:
    return merkle_root(manifest.split(b"\n")[:-1])


def _archive(files: Sequence[Entry], signature: Signature) -> bytes:
    last = [Entry(_MANIFEST, _manifest(files)), Entry(_SIGNATURE, canonical_lines([signature]))]
    return write_archive([*files, *last])


def _check_names(names: Sequence[str]) -> None:
    given = Counter(names)
    wanted = [*_FIRST, *sorted(name for name in given if name.startswith(_PAYLOADS)), *_LAST]
    if list(names) == wanted:
        return
    for name in wanted:
        if given[name] != 1:
            raise BundleDifferenceError(f"{name} is missing" if not given[name] else f"{name} stands twice")
    if odd := sorted(given.keys() - set(wanted)):
        raise BundleDifferenceError(f"{odd[0]!r} does not belong in an evidence bundle")
    one, other = next(pair for pair in zip(names, wanted, strict=True) if pair[0] != pair[1])
    raise BundleDifferenceError(f"{one} stands in the archive where {other} is wanted")


def _check_manifest(files: Sequence[Entry], manifest: bytes) -> None:
    records = _records(files)
    for number, (record, line) in enumerate(zip(records, manifest.split(b"\n"), strict=False), 1):
        name, sha256 = record["name"], record["sha256"]
        if canonical_json(record) != line:
            raise BundleDifferenceError(
                f"{name} has {record['size']} bytes with SHA-256 {sha256}; {_MANIFEST} line {number} states "
                f"otherwise: {line[:300].decode(errors='replace')}",
                file=name,
            )
        if name.startswith(_PAYLOADS) and name != _PAYLOADS + sha256:
            raise BundleDifferenceError(f"{name} is not named by its SHA-256, {sha256}")
    if manifest != canonical_lines(records):
        raise BundleDifferenceError(f"{_MANIFEST} line {len(records) + 1} describes no file")

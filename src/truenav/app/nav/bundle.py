"""The evidence bundle: one file from which anyone can compute a published NAV again.

It holds the raw payloads, how they were asked for, the facts parsed from them, every definition and
policy used, the result, and a signature over the Merkle root of all of it. ``verify_bundle`` needs no
database and no network: it parses the payloads again, selects the facts that belong, computes the NAV
with the same pure function, writes the whole archive again and compares all its bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from truenav.app.nav.archive import Entry, read_archive, write_archive
from truenav.app.nav.signing import Signature, Signer, fingerprint_of, is_signed_by
from truenav.calc.nav.model import NavInputs, NavResult
from truenav.calc.nav.select import select_facts
from truenav.calc.nav.strike import strike_nav
from truenav.connect.contract import ParseContext
from truenav.connect.registry import parse
from truenav.core.asset import AssetBook
from truenav.core.canonical import canonical_json, canonical_lines, decode, encode, sha256_hex
from truenav.core.evidence import Evidence
from truenav.core.facts import Fact
from truenav.core.failure import TruenavError
from truenav.core.ids import RunId, Sha256
from truenav.core.instrument import InstrumentBook
from truenav.core.merkle import merkle_root

FORMAT = "truenav-evidence/1"

_README = b"""This is an evidence bundle of truenav: a published NAV with everything it was computed from.

Check it:   truenav verify THIS_FILE --key PUBLIC_KEY_OR_FINGERPRINT

payloads/          what venues, files and people sent, byte for byte, named by SHA-256
evidence.jsonl     how each payload was asked for, and when
facts.jsonl        what the payloads state, as far as this NAV needs it
definitions.jsonl  portfolio tree, share classes, instruments, policies, previous NAV
result.jsonl       the NAV, line by line
run.jsonl          who calculated, approved and published it
manifest.jsonl     the SHA-256 of each file above; leaves of an RFC 6962 Merkle tree
signature.jsonl    Ed25519 signature over the manifest's root
"""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """Who did what: the people and times of a published run."""

    id: RunId
    calculated_by: str
    approved_by: str
    published_by: str
    restates: RunId | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """All that goes into a bundle; ``inputs.facts`` are the facts of this NAV."""

    run: RunRecord
    inputs: NavInputs
    result: NavResult
    evidence: tuple[Evidence, ...]
    payloads: Mapping[Sha256, bytes]


class Verdict(StrEnum):
    """The three answers of the verifier."""

    IDENTICAL = "identical, byte for byte"
    SIGNER_NOT_VERIFIED = "intact, signer not verified"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer, the first thing that differs (empty when nothing does), and what was checked."""

    verdict: Verdict
    difference: str
    run: str
    fund: str
    payloads: int
    facts: int
    fingerprint: str
    merkle_root: str


class _DifferenceError(Exception):
    """Carries the first difference up to the verdict."""


@dataclass(slots=True)
class _Found:
    """What the verifier has learned so far."""

    run: str = ""
    fund: str = ""
    payloads: int = 0
    facts: int = 0
    fingerprint: str = ""
    merkle_root: str = ""

    def conclusion(self, verdict: Verdict, difference: str = "") -> Verification:
        return Verification(verdict=verdict, difference=difference, **asdict(self))


def build_bundle(content: Content, signer: Signer) -> bytes:
    """The bundle's bytes; the same content and key give the same bytes everywhere."""
    files = _files(content)
    manifest = _manifest(files)
    signature = signer.sign(_root(manifest))
    return _archive(files, manifest, signature)


def verify_bundle(data: bytes, *, key: str | None = None) -> Verification:
    """Check a bundle without database or network.

    ``key`` is the signer's public key (hex) or its fingerprint, from outside the bundle. Without it an
    intact bundle is only ``SIGNER_NOT_VERIFIED``: a forger could have signed it with a key of his own.
    """
    found = _Found()
    try:
        _verify(data, key, found)
    except _DifferenceError as difference:
        return found.conclusion(Verdict.DIFFERENT, str(difference))
    except TruenavError as error:
        return found.conclusion(Verdict.DIFFERENT, error.message)
    return found.conclusion(Verdict.SIGNER_NOT_VERIFIED if key is None else Verdict.IDENTICAL)


def _verify(data: bytes, key: str | None, found: _Found) -> None:
    entries = read_archive(data)
    given = {entry.name: entry.data for entry in entries}
    if len(given) != len(entries):
        raise _DifferenceError("a file name appears twice")
    signature = decode(Signature, _one_line(given, "signature.jsonl"))
    manifest = given.get("manifest.jsonl", b"")
    found.fingerprint = fingerprint_of(signature.public_key)
    found.merkle_root = _root(manifest).hex()
    _check_listed(given)
    if not is_signed_by(signature, _root(manifest), key):
        raise _DifferenceError("the signature does not belong to this content and key")
    run, inputs, evidence, payloads = _read_content(given)
    found.run, found.fund = run.id, inputs.fund
    found.payloads, found.facts = len(payloads), len(inputs.facts)
    inputs = replace(inputs, facts=derive_facts(inputs, evidence, payloads))
    files = _files(Content(run, inputs, strike_nav(inputs), evidence, payloads))
    _compare_lines(given, files)
    rebuilt = _archive(files, _manifest(files), signature)
    if rebuilt != data:
        offset = next(
            (n for n, (one, other) in enumerate(zip(rebuilt, data, strict=False)) if one != other),
            min(len(rebuilt), len(data)),
        )
        raise _DifferenceError(f"the archive differs at byte {offset}")


def derive_facts(
    inputs: NavInputs, evidence: Iterable[Evidence], payloads: Mapping[Sha256, bytes]
) -> tuple[Fact, ...]:
    """The facts that belong to the NAV of ``inputs``, parsed anew from the payloads alone."""
    context = ParseContext(AssetBook(inputs.assets, inputs.aliases), InstrumentBook(inputs.instruments))
    derived: dict[Sha256, Fact] = {}
    for one in sorted(evidence, key=lambda one: (one.answered_at, one.sha256)):
        for fact in parse(one, payloads[one.sha256], context).facts:
            derived.setdefault(fact.key_hash if fact.supersedes is None else fact.content_hash, fact)
    return select_facts(derived.values(), inputs)


def _files(content: Content) -> list[Entry]:
    inputs = encode(replace(content.inputs, facts=()))
    del inputs["facts"]
    evidence = sorted(content.evidence, key=lambda one: (one.answered_at, one.sha256, one.endpoint))
    return [
        Entry("README.txt", _README),
        Entry("definitions.jsonl", _section_lines(inputs)),
        Entry("evidence.jsonl", canonical_lines(evidence)),
        Entry("facts.jsonl", canonical_lines(content.inputs.facts)),
        Entry("result.jsonl", _result_lines(encode(content.result))),
        Entry("run.jsonl", canonical_lines([{"format": FORMAT, **encode(content.run)}])),
        *(Entry(f"payloads/{sha}", content.payloads[sha]) for sha in sorted(content.payloads)),
    ]


def _manifest(files: Sequence[Entry]) -> bytes:
    return canonical_lines(
        {"name": file.name, "sha256": sha256_hex(file.data), "size": len(file.data)} for file in files
    )


def _root(manifest: bytes) -> bytes:
    return merkle_root(manifest.splitlines())


def _archive(files: Sequence[Entry], manifest: bytes, signature: Signature) -> bytes:
    last = [Entry("manifest.jsonl", manifest), Entry("signature.jsonl", canonical_lines([signature]))]
    return write_archive([*files, *last])


def _section_lines(data: Mapping[str, Any]) -> bytes:
    """One line an item for lists, one line a value for the rest, so that a difference is one line."""
    lines: list[object] = []
    for key in sorted(data):
        value = data[key]
        if isinstance(value, list) and value:
            lines += [{"item": item, "key": key} for item in value]
        else:
            lines.append({"key": key, "value": value})
    return canonical_lines(lines)


def _read_section(given: Mapping[str, bytes]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for line in _json_lines(given, "definitions.jsonl"):
        if "item" in line:
            data.setdefault(line["key"], []).append(line["item"])
        else:
            data[line["key"]] = line["value"]
    return data


def _result_lines(data: Any, path: str = "result") -> bytes:
    """One line for each record: nested lists of records are lines of their own under their path."""
    lines: list[bytes] = []
    if isinstance(data, dict) and any(_is_records(value) for value in data.values()):
        plain = {key: value for key, value in data.items() if not _is_records(value)}
        lines.append(canonical_lines([{"path": path, "value": plain}]))
        for key in sorted(data.keys() - plain.keys()):
            lines += [_result_lines(item, f"{path}.{key}[{n}]") for n, item in enumerate(data[key])]
    else:
        lines.append(canonical_lines([{"path": path, "value": data}]))
    return b"".join(lines)


def _is_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _read_content(
    given: Mapping[str, bytes],
) -> tuple[RunRecord, NavInputs, tuple[Evidence, ...], dict[Sha256, bytes]]:
    payloads = {
        Sha256(name.removeprefix("payloads/")): data
        for name, data in given.items()
        if name.startswith("payloads/")
    }
    for sha, payload in payloads.items():
        if sha256_hex(payload) != sha:
            raise _DifferenceError(f"payloads/{sha}: the bytes have another SHA-256")
    evidence = tuple(decode(Evidence, line) for line in _json_lines(given, "evidence.jsonl"))
    if missing := {one.sha256 for one in evidence} - payloads.keys():
        raise _DifferenceError(f"payloads/{min(missing)} is missing")
    section = _read_section(given)
    section["facts"] = _json_lines(given, "facts.jsonl")
    run = dict(_one_line(given, "run.jsonl"))
    if run.pop("format", None) != FORMAT:
        raise _DifferenceError(f"run.jsonl: this verifier reads {FORMAT} only")
    return decode(RunRecord, run), decode(NavInputs, section), evidence, payloads


def _check_listed(given: Mapping[str, bytes]) -> None:
    listed = [line["name"] for line in _json_lines(given, "manifest.jsonl")]
    actual = [name for name in given if name not in ("manifest.jsonl", "signature.jsonl")]
    if listed != actual:
        odd = sorted(set(listed).symmetric_difference(actual)) or ["the order of the files"]
        raise _DifferenceError(f"manifest.jsonl and the files differ: {odd[0]}")


def _compare_lines(given: Mapping[str, bytes], files: Sequence[Entry]) -> None:
    """Name the first line that differs between what was given and what was computed again."""
    for file in files:
        if given.get(file.name) == file.data:
            continue
        old, new = given.get(file.name, b"").split(b"\n"), file.data.split(b"\n")
        for number in range(max(len(old), len(new))):
            one = old[number] if number < len(old) else b"(no line)"
            other = new[number] if number < len(new) else b"(no line)"
            if one != other:
                raise _DifferenceError(
                    f"{file.name} line {number + 1}\n  in the bundle: {one[:300].decode(errors='replace')}\n"
                    f"  computed:      {other[:300].decode(errors='replace')}"
                )


def _one_line(given: Mapping[str, bytes], name: str) -> dict[str, Any]:
    lines = _json_lines(given, name)
    if len(lines) != 1:
        raise _DifferenceError(f"{name}: exactly one line is wanted, {len(lines)} were found")
    return lines[0]


def _json_lines(given: Mapping[str, bytes], name: str) -> list[dict[str, Any]]:
    """The records of a JSON Lines file that is in canonical form."""
    if name not in given:
        raise _DifferenceError(f"{name} is missing")
    records = []
    for number, line in enumerate(given[name].split(b"\n")[:-1], 1):
        try:
            record = json.loads(line)
            canonical = isinstance(record, dict) and canonical_json(record) == line
        except (ValueError, TypeError, RecursionError):
            canonical = False
        if not canonical:
            raise _DifferenceError(f"{name} line {number} is not canonical JSON")
        records.append(record)
    return records

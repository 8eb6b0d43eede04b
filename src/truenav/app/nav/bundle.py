"""The evidence bundle: one file from which anyone can compute a published NAV again.

It holds the raw payloads, how they were asked for, the facts parsed from them, every definition and
policy used, the result, and a signature over the Merkle root of all of it. ``verify_bundle`` needs no
database and no network. First the seal: layout, hashes and signature, which any edit breaks but one that is
signed again. Then the content: it parses the payloads again, selects the facts that belong, computes the
NAV with the same pure function, writes the whole archive again and compares all its bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from truenav.app.nav.archive import Entry, layout_difference, read_archive, write_archive
from truenav.app.nav.bundle_files import (
    BundleDifferenceError,
    line_difference,
    read_line,
    read_lines,
    read_section,
    result_lines,
    section_lines,
)
from truenav.app.nav.signing import Signature, Signer, check_signature, fingerprint_of
from truenav.calc.nav.model import NavInputs, NavResult
from truenav.calc.nav.select import select_facts
from truenav.calc.nav.strike import strike_nav
from truenav.connect.contract import ParseContext
from truenav.connect.registry import parse
from truenav.core.asset import AssetBook
from truenav.core.canonical import canonical_json, canonical_lines, decode, encode, sha256_hex
from truenav.core.clock import instant_text
from truenav.core.evidence import UNIFIED, Evidence
from truenav.core.facts import Fact
from truenav.core.failure import TruenavError
from truenav.core.ids import RunId, Sha256
from truenav.core.instrument import InstrumentBook
from truenav.core.merkle import merkle_root

FORMAT = "truenav-evidence/1"

_DEFINITIONS, _EVIDENCE, _RUN = "definitions.jsonl", "evidence.jsonl", "run.jsonl"
_FACTS, _RESULT = "facts.jsonl", "result.jsonl"
_FIRST = ("README.txt", _DEFINITIONS, _EVIDENCE, _FACTS, _RESULT, _RUN)
_PAYLOADS = "payloads/"
_MANIFEST, _SIGNATURE = "manifest.jsonl", "signature.jsonl"
_LAST = (_MANIFEST, _SIGNATURE)

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
    """The answer, the first thing that differs (empty when nothing does), and what was checked.

    What a broken bundle does not let us know is empty. ``sha256`` is that of the whole file. ``unified`` of
    the payloads are rows that a library made of venues' answers: there the facts start, not at the answers.
    """

    verdict: Verdict
    difference: str = ""
    run: str = ""
    fund: str = ""
    payloads: int = 0
    unified: int = 0
    facts: int = 0
    fingerprint: str = ""
    merkle_root: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """The files of a bundle whose layout, hashes and signature hold."""

    files: Mapping[str, bytes]
    signature: Signature
    root: bytes


def build_bundle(content: Content, signer: Signer) -> bytes:
    """The bundle's bytes; the same content and key give the same bytes everywhere.

    Of the evidence, what states or corrects a fact of this NAV goes in.
    """
    files = _files(_stating(content))
    manifest = canonical_lines(_manifest(files))
    return _archive(files, manifest, signer.sign(_root(manifest)))


def verify_bundle(data: bytes, *, key: str | None = None) -> Verification:
    """Check a bundle without database or network.

    ``key`` is the signer's public key (hex) or its fingerprint, from outside the bundle. Without it an
    intact bundle is only ``SIGNER_NOT_VERIFIED``: a forger could have signed it with a key of his own.
    """
    known: dict[str, Any] = {"sha256": sha256_hex(data)}
    try:
        sealed = open_seal(data, key)
        known["fingerprint"] = fingerprint_of(sealed.signature.public_key)
        known["merkle_root"] = sealed.root.hex()
        content = _compute_again(sealed.files)
        known |= {"run": content.run.id, "fund": content.inputs.fund}
        known |= {"payloads": len(content.payloads), "facts": len(content.inputs.facts)}
        known["unified"] = len({one.sha256 for one in content.evidence if one.request.method == UNIFIED})
        _compare(data, sealed, _files(content))
    except TruenavError as error:
        place = _line_in(data, error.context.get("file"))
        return Verification(Verdict.DIFFERENT, place or error.message, **known)
    return Verification(Verdict.SIGNER_NOT_VERIFIED if key is None else Verdict.IDENTICAL, **known)


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


def derive_facts(
    inputs: NavInputs, evidence: Iterable[Evidence], payloads: Mapping[Sha256, bytes]
) -> tuple[Fact, ...]:
    """The facts that belong to the NAV of ``inputs``, parsed anew from the payloads alone."""
    derived: dict[Sha256, Fact] = {}
    for _, facts in _parsed(inputs, evidence, payloads):
        for fact in facts:
            derived.setdefault(fact.key_hash if fact.supersedes is None else fact.content_hash, fact)
    return select_facts(derived.values(), inputs)


def _parsed(
    inputs: NavInputs, evidence: Iterable[Evidence], payloads: Mapping[Sha256, bytes]
) -> Iterator[tuple[Evidence, Sequence[Fact]]]:
    context = ParseContext(AssetBook(inputs.assets, inputs.aliases), InstrumentBook(inputs.instruments))
    for one in sorted(evidence, key=_evidence_order):
        yield one, parse(one, payloads[one.sha256], context).facts


def _stating(content: Content) -> Content:
    """The content without evidence that says nothing about this NAV.

    The same bytes come again and again (an account without positions answers alike every hour), so a
    payload may have been received many times before and after the time that counts.
    """
    wanted = {fact.content_hash for fact in content.inputs.facts}
    kept = tuple(
        one
        for one, facts in _parsed(content.inputs, content.evidence, content.payloads)
        if any(fact.supersedes is not None or fact.content_hash in wanted for fact in facts)
    )
    payloads = {one.sha256: content.payloads[one.sha256] for one in kept}
    return replace(content, evidence=kept, payloads=payloads)


def _evidence_order(one: Evidence) -> tuple[datetime, str, bytes]:
    return one.answered_at, one.sha256, canonical_json(one)


def _files(content: Content) -> list[Entry]:
    inputs = encode(replace(content.inputs, facts=()))
    del inputs["facts"]
    evidence = sorted(content.evidence, key=_evidence_order)
    return [
        Entry("README.txt", _README),
        Entry(_DEFINITIONS, section_lines(inputs)),
        Entry(_EVIDENCE, canonical_lines(evidence)),
        Entry(_FACTS, canonical_lines(content.inputs.facts)),
        Entry(_RESULT, result_lines(encode(content.result))),
        Entry(_RUN, canonical_lines([{"format": FORMAT, **encode(content.run)}])),
        *(Entry(_PAYLOADS + sha, content.payloads[sha]) for sha in sorted(content.payloads)),
    ]


def _manifest(files: Iterable[Entry]) -> list[dict[str, Any]]:
    return [{"name": file.name, "sha256": sha256_hex(file.data), "size": len(file.data)} for file in files]


def _root(manifest: bytes) -> bytes:
    return merkle_root(manifest.split(b"\n")[:-1])


def _archive(files: Iterable[Entry], manifest: bytes, signature: Signature) -> bytes:
    last = [Entry(_MANIFEST, manifest), Entry(_SIGNATURE, canonical_lines([signature]))]
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
    records = _manifest(files)
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


def _compute_again(files: Mapping[str, bytes]) -> Content:
    """Everything in a bundle, its facts and result computed anew; those that stand in it are not read."""
    try:
        run, inputs, evidence, payloads = _read_content(files)
        inputs = replace(inputs, facts=derive_facts(inputs, evidence, payloads))
        return Content(run, inputs, strike_nav(inputs), evidence, payloads)
    except (ArithmeticError, AssertionError, LookupError, RecursionError, TypeError, ValueError) as error:
        # Definitions that no editor of ours lets pass, signed by whoever wrote them.
        raise BundleDifferenceError(
            f"the NAV cannot be computed from what the bundle holds ({type(error).__name__}: {error})"
        ) from error


def _read_content(
    files: Mapping[str, bytes],
) -> tuple[RunRecord, NavInputs, tuple[Evidence, ...], dict[Sha256, bytes]]:
    run = read_line(_RUN, files[_RUN])
    if run.pop("format", None) != FORMAT:
        raise BundleDifferenceError(f"{_RUN}: this verifier reads {FORMAT} only")
    section = read_section(_DEFINITIONS, files[_DEFINITIONS])
    inputs = decode(NavInputs, {**section, "facts": []})
    evidence = tuple(decode(Evidence, line) for line in read_lines(_EVIDENCE, files[_EVIDENCE]))
    payloads = {
        Sha256(name.removeprefix(_PAYLOADS)): data
        for name, data in files.items()
        if name.startswith(_PAYLOADS)
    }
    _check_evidence(evidence, payloads, inputs)
    return decode(RunRecord, run), inputs, evidence, payloads


def _check_evidence(
    evidence: Sequence[Evidence], payloads: Mapping[Sha256, bytes], inputs: NavInputs
) -> None:
    for number, one in enumerate(evidence, 1):
        where = f"{_EVIDENCE} line {number}"
        if one.sha256 not in payloads:
            raise BundleDifferenceError(f"{where}: {_PAYLOADS}{one.sha256} is missing")
        if one.size != len(payloads[one.sha256]):
            raise BundleDifferenceError(
                f"{where}: {_PAYLOADS}{one.sha256} has {len(payloads[one.sha256])} bytes, not {one.size}"
            )
        if one.answered_at > inputs.known_at:
            raise BundleDifferenceError(
                f"{where}: received at {instant_text(one.answered_at)}, when the NAV was already computed"
            )
    if unused := payloads.keys() - {one.sha256 for one in evidence}:
        raise BundleDifferenceError(f"{_PAYLOADS}{min(unused)} has no line in {_EVIDENCE}")


def _compare(data: bytes, sealed: Sealed, computed: Sequence[Entry]) -> None:
    """Name the first line in which a bundle differs from what was computed from it; then every byte."""
    for file in computed:
        if difference := line_difference(file.name, sealed.files.get(file.name, b""), file.data):
            raise BundleDifferenceError(difference)
    if _archive(computed, canonical_lines(_manifest(computed)), sealed.signature) != data:
        raise BundleDifferenceError("the archive, written again, has other bytes")


def _line_in(data: bytes, file: object) -> str:
    """The changed line of a file that can be computed; empty where it cannot."""
    if file not in (_FACTS, _RESULT):
        return ""
    try:
        files = {entry.name: entry.data for entry in read_archive(data)}
        computed = {entry.name: entry.data for entry in _files(_compute_again(files))}
    except TruenavError:
        return ""
    return line_difference(str(file), files[file], computed[file])

"""Checks an evidence bundle of any kind, with neither database nor network.

First the seal: layout, hashes and signature, which any edit breaks but one that is signed again. Then the
content: whatever computed it the first time computes it again from the payloads, the whole archive is
written again, and all its bytes are compared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from importlib import import_module
from types import MappingProxyType
from typing import Any

from truenav.app.proof.archive import read_archive
from truenav.app.proof.lines import BundleDifferenceError, line_difference, read_line
from truenav.app.proof.seal import FACTS, RESULT, RUN, Contents, Sealed, archived_again, open_seal
from truenav.app.proof.signing import fingerprint_of
from truenav.core.canonical import sha256_hex
from truenav.core.failure import TruenavError


class Verdict(StrEnum):
    """The three answers of the verifier."""

    IDENTICAL = "identical, byte for byte"
    SIGNER_NOT_VERIFIED = "intact, signer not verified"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer, the first thing that differs (empty when nothing does), and what was checked.

    What a broken bundle does not let us know is empty. ``sha256`` is that of the whole file. A NAV has a
    ``run`` and a ``fund``, a leveraged product its ``product``. ``unified`` of the payloads are rows that a
    library made of venues' answers: there the facts start, not at the answers.
    """

    verdict: Verdict
    difference: str = ""
    run: str = ""
    fund: str = ""
    product: str = ""
    payloads: int = 0
    unified: int = 0
    facts: int = 0
    fingerprint: str = ""
    merkle_root: str = ""
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Computed:
    """A bundle's contents computed anew, and what there is to say of them: fields of `Verification`."""

    contents: Contents
    about: Mapping[str, Any]


Compute = Callable[[Mapping[str, bytes]], Computed]
"""Computes facts and result anew from a bundle's definitions, evidence and payloads; those that stand in the
bundle are not read. Raises ``BundleDifferenceError`` where nothing can be computed."""

FORMATS: Mapping[str, str] = MappingProxyType(
    {
        "truenav-evidence/1": "truenav.app.nav.bundle:compute_again",
        "truenav-product/1": "truenav.app.etp.proof.bundle:compute_again",
    }
)
"""What ``run.jsonl`` may say a bundle is, and what computes it again; loaded when there is one."""


def verify_bundle(data: bytes, *, key: str | None = None) -> Verification:
    """Check a bundle without database or network.

    ``key`` is the signer's public key (hex) or its fingerprint, from outside the bundle. Without it an
    intact bundle is only ``SIGNER_NOT_VERIFIED``: a forger could have signed it with a key of his own.
    """
    known = Verification(Verdict.DIFFERENT, sha256=sha256_hex(data))
    try:
        sealed = open_seal(data, key)
        fingerprint = fingerprint_of(sealed.signature.public_key)
        known = replace(known, fingerprint=fingerprint, merkle_root=sealed.root.hex())
        computed = _computed(sealed.files)
        known = replace(known, **computed.about)
        _compare(data, sealed, computed.contents)
    except TruenavError as error:
        return replace(known, difference=_line_in(data, error.context.get("file")) or error.message)
    return replace(known, verdict=Verdict.SIGNER_NOT_VERIFIED if key is None else Verdict.IDENTICAL)


def _computed(files: Mapping[str, bytes]) -> Computed:
    format = read_line(RUN, files[RUN]).get("format")
    if not isinstance(format, str) or format not in FORMATS:
        raise BundleDifferenceError(f"{RUN}: this verifier reads {', '.join(FORMATS)} only")
    module, _, name = FORMATS[format].partition(":")
    compute: Compute = getattr(import_module(module), name)
    try:
        return compute(files)
    except (ArithmeticError, AssertionError, LookupError, RecursionError, TypeError, ValueError) as error:
        # Definitions that no editor of ours lets pass, signed by whoever wrote them.
        raise BundleDifferenceError(
            f"it cannot be computed again from what the bundle holds ({type(error).__name__}: {error})"
        ) from error


def _compare(data: bytes, sealed: Sealed, computed: Contents) -> None:
    """Name the first line in which a bundle differs from what was computed from it; then every byte."""
    for file in computed.entries():
        if difference := line_difference(file.name, sealed.files.get(file.name, b""), file.data):
            raise BundleDifferenceError(difference)
    if archived_again(computed, sealed.signature) != data:
        raise BundleDifferenceError("the archive, written again, has other bytes")


def _line_in(data: bytes, file: object) -> str:
    """The changed line of a file that can be computed; empty where it cannot."""
    if file not in (FACTS, RESULT):
        return ""
    try:
        files = {entry.name: entry.data for entry in read_archive(data)}
        computed = {entry.name: entry.data for entry in _computed(files).contents.entries()}
    except TruenavError:
        return ""
    return line_difference(str(file), files[file], computed[file])

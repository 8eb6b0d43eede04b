"""The evidence bundle of a NAV: one file from which anyone can compute a published NAV again.

It holds the raw payloads, how they were asked for, the facts parsed from them, every definition and
policy used, and the result. `truenav.app.proof.verify` checks it: the payloads are parsed again, the facts
that belong are selected, and the NAV is computed with the same pure function.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from truenav.app.proof.lines import (
    BundleDifferenceError,
    read_line,
    read_section,
    result_lines,
    section_lines,
)
from truenav.app.proof.seal import (
    DEFINITIONS,
    RUN,
    Contents,
    evidence_lines,
    evidence_order,
    payloads_in,
    read_evidence,
    sealed_archive,
)
from truenav.app.proof.signing import Signer
from truenav.app.proof.verify import Computed
from truenav.calc.nav.model import NavInputs, NavResult
from truenav.calc.nav.select import select_facts
from truenav.calc.nav.strike import strike_nav
from truenav.connect.contract import ParseContext
from truenav.connect.registry import parse
from truenav.core.asset import AssetBook
from truenav.core.canonical import canonical_lines, decode, encode
from truenav.core.evidence import UNIFIED, Evidence
from truenav.core.facts import Fact
from truenav.core.ids import RunId, Sha256
from truenav.core.instrument import InstrumentBook

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


def build_bundle(content: Content, signer: Signer) -> bytes:
    """The bundle's bytes; the same content and key give the same bytes everywhere.

    Of the evidence, what states or corrects a fact of this NAV goes in.
    """
    return sealed_archive(_contents(_stating(content)), signer)


def compute_again(files: Mapping[str, bytes]) -> Computed:
    """Everything in a bundle, its facts and result computed anew; see `truenav.app.proof.verify.Compute`."""
    run, inputs, evidence, payloads = _read(files)
    inputs = replace(inputs, facts=derive_facts(inputs, evidence, payloads))
    content = Content(run, inputs, strike_nav(inputs), evidence, payloads)
    about = {
        "run": run.id,
        "fund": inputs.fund,
        "payloads": len(payloads),
        "facts": len(inputs.facts),
        "unified": len({one.sha256 for one in evidence if one.request.method == UNIFIED}),
    }
    return Computed(_contents(content), about)


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
    for one in sorted(evidence, key=evidence_order):
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


def _contents(content: Content) -> Contents:
    inputs = encode(replace(content.inputs, facts=()))
    del inputs["facts"]
    return Contents(
        readme=_README,
        definitions=section_lines(inputs),
        evidence=evidence_lines(content.evidence),
        facts=canonical_lines(content.inputs.facts),
        result=result_lines(encode(content.result)),
        run=canonical_lines([{"format": FORMAT, **encode(content.run)}]),
        payloads=content.payloads,
    )


def _read(
    files: Mapping[str, bytes],
) -> tuple[RunRecord, NavInputs, tuple[Evidence, ...], dict[Sha256, bytes]]:
    run = read_line(RUN, files[RUN])
    if run.pop("format", None) != FORMAT:
        raise BundleDifferenceError(f"{RUN}: it is not said to be {FORMAT}")
    section = read_section(DEFINITIONS, files[DEFINITIONS])
    inputs = decode(NavInputs, {**section, "facts": []})
    payloads = payloads_in(files)
    evidence = read_evidence(files, payloads, until=inputs.known_at)
    return decode(RunRecord, run), inputs, evidence, payloads

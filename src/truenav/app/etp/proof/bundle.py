"""The evidence bundle of a leveraged product: everything that it went through, so that anyone can follow it.

It holds the listing in each of its versions, all marks, rates and deeds, what they led to, and the payloads
that stated the marks at which anything happened. `truenav.app.proof.verify` checks it: those marks and all
rates are read from the payloads again, and the product is run again by its rules from its opening on, to the
last digit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from truenav.app.etp.live.fills import fill_of
from truenav.app.etp.live.product import evidenced, mark_key, replayed
from truenav.app.proof.lines import BundleDifferenceError, read_line, read_lines, read_section, section_lines
from truenav.app.proof.seal import (
    DEFINITIONS,
    FACTS,
    RESULT,
    RUN,
    Contents,
    evidence_lines,
    payloads_in,
    read_evidence,
    sealed_archive,
)
from truenav.app.proof.signing import Signer
from truenav.app.proof.verify import Computed
from truenav.calc.etp.engine.calendar import instant_of, microseconds
from truenav.calc.etp.live.deeds import Filled
from truenav.calc.etp.live.state import Fill
from truenav.calc.pricing.quotes import QuoteKey, quote_key
from truenav.connect.contract import ParseContext
from truenav.connect.rates import read_rates
from truenav.connect.registry import parse
from truenav.connect.trading import fill_readers, read_fills
from truenav.core.asset import Asset, AssetAlias, AssetBook
from truenav.core.canonical import canonical_lines, decode, encode, restore
from truenav.core.clock import instant_text
from truenav.core.evidence import Evidence
from truenav.core.facts import Quote
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentBook
from truenav.core.listing import Listing
from truenav.core.orders import OrderFill, Side
from truenav.store.products import Chapter, UsedMark

FORMAT = "truenav-product/1"

_INPUTS = ("number", "version", "source", "marks", "rates", "deeds")
"""What a chapter is computed from; the rest of it is what that led to."""

_README = b"""This is an evidence bundle of truenav: a leveraged product with everything that it went through.

Check it:   truenav verify THIS_FILE --key PUBLIC_KEY_OR_FINGERPRINT

payloads/          what venues sent, byte for byte, named by SHA-256: what stated the marks at which anything
                   happened, the first and last mark of each chapter, published rates, and trades
evidence.jsonl     how each payload was asked for, and when
facts.jsonl        a chapter a line: all marks and rates, and what was done between them
definitions.jsonl  the listing with its rules in each version, the instruments and assets
result.jsonl       a chapter a line: steps, rebalances, and the product's state at its end
run.jsonl          which product, and when the bundle was made
manifest.jsonl     the SHA-256 of each file above; leaves of an RFC 6962 Merkle tree
signature.jsonl    Ed25519 signature over the manifest's root
"""


@dataclass(frozen=True, slots=True)
class ProductRecord:
    """Which product a bundle is of, by whom it was made, and when."""

    listing: str
    made_by: str
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Definitions:
    """What is needed to run a product again: its listing by version, and what its payloads speak of."""

    listings: Mapping[str, Listing]
    instruments: tuple[Instrument, ...]
    assets: tuple[Asset, ...]
    aliases: tuple[AssetAlias, ...]

    @property
    def versions(self) -> dict[int, Listing]:
        """The listing by the number of its version."""
        return {int(version): listing for version, listing in self.listings.items()}

    @property
    def context(self) -> ParseContext:
        """What the parsers know."""
        return ParseContext(AssetBook(self.assets, self.aliases), InstrumentBook(self.instruments))

    @property
    def held(self) -> dict[int, Instrument]:
        """What the product held, by the number of its listing's version."""
        known = self.context.instruments
        return {version: known.get(listing.instrument) for version, listing in self.versions.items()}


@dataclass(frozen=True, slots=True)
class Content:
    """All that goes into a bundle; the chapters from the first on."""

    record: ProductRecord
    definitions: Definitions
    chapters: tuple[Chapter, ...]
    evidence: tuple[Evidence, ...]
    payloads: Mapping[Sha256, bytes]


def fills_in(chapter: Chapter) -> Iterator[Filled]:
    """What was traded for the product's rebalances."""
    return (deed.what for deed in chapter.deeds if isinstance(deed.what, Filled))


def payloads_of(chapters: Iterable[Chapter]) -> frozenset[Sha256]:
    """The payloads of the marks and rates of some chapters; a bundle holds those of fills beside them."""
    found: set[Sha256] = set()
    for chapter in chapters:
        found.update(mark.evidence for mark in evidenced(chapter))
        found.update(rate.evidence for rate in chapter.rates)
    return frozenset(found)


def without_idle(content: Content) -> Content:
    """The content without payloads that state nothing of it: venues may tell of executions a little late."""
    read, held = _Payloads(content), content.definitions.held
    for chapter in content.chapters:
        for filled in fills_in(chapter):
            read.states(filled, held[chapter.version])
    kept = payloads_of(content.chapters) | read.used
    return replace(
        content,
        evidence=tuple(one for one in content.evidence if one.sha256 in kept),
        payloads={sha: body for sha, body in content.payloads.items() if sha in kept},
    )


def build_bundle(content: Content, signer: Signer) -> bytes:
    """The bundle's bytes; the same content and key give the same bytes everywhere."""
    return sealed_archive(_contents(content), signer)


def compute_again(files: Mapping[str, bytes]) -> Computed:
    """The product run again from a bundle; see `truenav.app.proof.verify.Compute`.

    Marks at which nothing happened are taken from the bundle, where the signer vouches for them.
    """
    content = _read(files)
    _check_listings(content)
    chapters = tuple(replayed(content.chapters, content.definitions.versions))
    _check_payloads(chapters, content)
    record = content.record
    about = {
        "product": record.listing,
        "run": f"chapters 1 to {chapters[-1].number}",
        "payloads": len(content.payloads),
        "facts": sum(len(one.marks) + len(one.rates) + len(one.deeds) for one in chapters),
    }
    return Computed(_contents(replace(content, chapters=chapters)), about)


def _contents(content: Content) -> Contents:
    chapters = [encode(one) for one in content.chapters]
    return Contents(
        readme=_README,
        definitions=section_lines(encode(content.definitions)),
        evidence=evidence_lines(content.evidence),
        facts=canonical_lines([{name: one[name] for name in _INPUTS} for one in chapters]),
        result=canonical_lines(
            [{name: one[name] for name in one if name not in _INPUTS or name == "number"} for one in chapters]
        ),
        run=canonical_lines([{"format": FORMAT, **encode(content.record)}]),
        payloads=content.payloads,
    )


def _read(files: Mapping[str, bytes]) -> Content:
    run = read_line(RUN, files[RUN])
    if run.pop("format", None) != FORMAT:
        raise BundleDifferenceError(f"{RUN}: it is not said to be {FORMAT}")
    record = decode(ProductRecord, run)
    definitions = restore(Definitions, read_section(DEFINITIONS, files[DEFINITIONS]))
    payloads = payloads_in(files)
    evidence = read_evidence(files, payloads, until=record.made_at)
    chapters = tuple(_read_chapters(files))
    if [one.number for one in chapters] != list(range(1, len(chapters) + 1)) or not chapters:
        raise BundleDifferenceError(f"{FACTS}: chapters from the first on are wanted, none left out")
    return Content(record, definitions, chapters, evidence, payloads)


def _read_chapters(files: Mapping[str, bytes]) -> Iterator[Chapter]:
    facts, results = read_lines(FACTS, files[FACTS]), read_lines(RESULT, files[RESULT])
    if len(facts) != len(results):
        raise BundleDifferenceError(f"{RESULT} has {len(results)} lines, {FACTS} {len(facts)}")
    for number, (given, led_to) in enumerate(zip(facts, results, strict=True), 1):
        if given.get("number") != led_to.get("number"):
            raise BundleDifferenceError(f"{RESULT} line {number} is of another chapter than that of {FACTS}")
        yield restore(Chapter, {**led_to, **given})


def _check_listings(content: Content) -> None:
    """Refuse listings that are not those of the product, in the versions by which its chapters were run."""
    listings, first = content.definitions.listings, content.chapters[0]
    run_by = {str(chapter.version) for chapter in content.chapters}
    if odd := sorted(listings.keys() ^ run_by):
        raise BundleDifferenceError(
            f"{DEFINITIONS}: version {odd[0][:20]!r} of the listing is missing, or no chapter was run by it"
        )
    if other := next((one.id for one in listings.values() if one.id != content.record.listing), None):
        raise BundleDifferenceError(f"{DEFINITIONS}: the listing is {other!r}, not that of {RUN}")
    opened_at = listings[str(first.version)].opened_at
    if first.marks and first.marks[0].at < microseconds(opened_at):
        at = _text(first.marks[0].at)
        raise BundleDifferenceError(
            f"{FACTS} line 1: the mark of {at} lies before the opening, {instant_text(opened_at)}"
        )


def _check_payloads(chapters: Sequence[Chapter], content: Content) -> None:
    """Read what the payloads state, and refuse a mark, rate or fill that they do not state."""
    wanted = payloads_of(chapters)
    if missing := sorted(wanted - content.payloads.keys()):
        raise BundleDifferenceError(f"payloads/{missing[0]} is missing")
    read, held = _Payloads(content), content.definitions.held
    booked: set[tuple[InstrumentId, str]] = set()
    for chapter in chapters:
        instrument = held[chapter.version]
        for mark in evidenced(chapter):
            told = read.quotes(mark.evidence, mark_key(instrument))
            if not any(_states(one, mark, chapter.source) for one in told):
                what = f"the price {mark.price} of {_text(mark.at)} from {chapter.source}"
                raise _unstated(chapter, what, mark.evidence)
        for rate in chapter.rates:
            if (rate.at, rate.rate) not in read.rates(rate.evidence, instrument):
                raise _unstated(chapter, f"the rate {rate.rate} of {_text(rate.at)}", rate.evidence)
        for filled in fills_in(chapter):
            fill = filled.fill
            if not read.states(filled, instrument):
                raise _unstated(chapter, f"the fill {fill.id}, {fill.quantity} at {fill.price}")
            if (execution := (instrument.id, _execution(fill))) in booked:
                raise BundleDifferenceError(f"{FACTS} line {chapter.number}: {fill.id} was booked before")
            booked.add(execution)
    if idle := sorted(content.payloads.keys() - wanted - read.used):
        raise BundleDifferenceError(f"payloads/{idle[0]} stated nothing that counts")


def _unstated(chapter: Chapter, what: str, sha: Sha256 | None = None) -> BundleDifferenceError:
    who = "no payload states" if sha is None else f"the payload {sha} does not state"
    return BundleDifferenceError(f"{FACTS} line {chapter.number}: {who} {what}")


def _text(at: int) -> str:
    return instant_text(instant_of(at))


@dataclass(frozen=True, slots=True)
class _Told:
    """A quoted price, whose it is, when the venue says it held, and when it was received."""

    source: str
    price: Decimal
    at: int
    received_at: int


def _states(told: _Told, mark: UsedMark, source: str) -> bool:
    """Whether a mark is a quote as told; one from a clock ahead of ours counts from its receipt on."""
    if (told.price, told.source) != (mark.price, source):
        return False
    return told.at == mark.at or (told.at > mark.at >= told.received_at)


def _execution(fill: Fill) -> str:
    """The venue's id of the execution that a fill books; before it stands our id of the order."""
    return fill.id.rpartition("/")[2]


_Stated = tuple[Sha256, Side, OrderFill]
"""An execution as a payload states it."""


class _Payloads:
    """What the payloads of a bundle state, each read once."""

    def __init__(self, content: Content) -> None:
        self._context = content.definitions.context
        self._bodies = content.payloads
        self._evidence: dict[Sha256, list[Evidence]] = {}
        for one in content.evidence:
            self._evidence.setdefault(one.sha256, []).append(one)
        self._quotes: dict[Sha256, dict[QuoteKey, list[_Told]]] = {}
        self._fills: dict[InstrumentId, dict[str, list[_Stated]]] = {}
        self.used: set[Sha256] = set()
        """Payloads that stated a fill that was asked for."""

    def quotes(self, sha: Sha256, key: QuoteKey) -> Collection[_Told]:
        """The quotes of one key that a payload states, each time it was received."""
        if sha not in self._quotes:
            self._quotes[sha] = self._read(sha)
        return self._quotes[sha].get(key, ())

    def rates(self, sha: Sha256, instrument: Instrument) -> set[tuple[int, Decimal]]:
        """The financing rates of an instrument that a payload states."""
        return {
            (microseconds(told.at), told.rate)
            for one in self._evidence[sha]
            for told in read_rates(one, self._bodies[sha], instrument)
        }

    def states(self, filled: Filled, instrument: Instrument) -> bool:
        """Whether any payload states an execution, with its side and fees.

        Of a fee in an asset that the product does not hold, the number counts: how the asset is called here
        is not what a venue says.
        """
        if instrument.id not in self._fills:
            self._fills[instrument.id] = self._read_fills(instrument)
        wanted = filled.fill, [one.number for one in filled.other_fees]
        stating: set[Sha256] = set()
        for sha, side, told in self._fills[instrument.id].get(_execution(filled.fill), ()):
            fill, others = fill_of(filled.fill.id, side, told, instrument)
            if (fill, [one.number for one in others]) == wanted:
                stating.add(sha)
        self.used |= stating
        return bool(stating)

    def _read_fills(self, instrument: Instrument) -> dict[str, list[_Stated]]:
        found: dict[str, list[_Stated]] = {}
        for sha, body in self._bodies.items():
            one = self._evidence[sha][0]
            if one.endpoint not in fill_readers(one.connector):
                continue
            for side, told in read_fills(one, body, instrument, self._context):
                found.setdefault(told.id, []).append((sha, side, told))
        return found

    def _read(self, sha: Sha256) -> dict[QuoteKey, list[_Told]]:
        found: dict[QuoteKey, list[_Told]] = {}
        for one in self._evidence[sha]:
            for fact in parse(one, self._bodies[sha], self._context).facts:
                key, body = quote_key(fact), fact.body
                if key is not None and isinstance(body, Quote):
                    at, received_at = microseconds(fact.occurred_at), microseconds(one.answered_at)
                    found.setdefault(key, []).append(_Told(fact.source, body.price, at, received_at))
        return found

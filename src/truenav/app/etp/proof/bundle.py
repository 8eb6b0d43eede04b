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
from truenav.core.money import ZERO, exact
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


@dataclass(frozen=True, slots=True)
class Content:
    """All that goes into a bundle; the chapters from the first on."""

    record: ProductRecord
    definitions: Definitions
    chapters: tuple[Chapter, ...]
    evidence: tuple[Evidence, ...]
    payloads: Mapping[Sha256, bytes]


def fills_in(chapter: Chapter) -> Iterator[Fill]:
    """What was traded for the product's rebalances."""
    return (deed.what.fill for deed in chapter.deeds if isinstance(deed.what, Filled))


def payloads_of(chapters: Iterable[Chapter]) -> frozenset[Sha256]:
    """The payloads of the marks and rates of some chapters; a bundle holds those of fills beside them."""
    found: set[Sha256] = set()
    for chapter in chapters:
        found.update(mark.evidence for mark in evidenced(chapter))
        found.update(rate.evidence for rate in chapter.rates)
    return frozenset(found)


def build_bundle(content: Content, signer: Signer) -> bytes:
    """The bundle's bytes; the same content and key give the same bytes everywhere."""
    return sealed_archive(_contents(content), signer)


def compute_again(files: Mapping[str, bytes]) -> Computed:
    """The product run again from a bundle; see `truenav.app.proof.verify.Compute`.

    Marks at which nothing happened are taken from the bundle, where the signer vouches for them.
    """
    content = _read(files)
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


def _check_payloads(chapters: Sequence[Chapter], content: Content) -> None:
    """Read what the payloads state, and refuse a mark, rate or fill that they do not state."""
    wanted = payloads_of(chapters)
    if missing := sorted(wanted - content.payloads.keys()):
        raise BundleDifferenceError(f"payloads/{missing[0]} is missing")
    definitions = content.definitions
    read = _Payloads(content, definitions.context)
    for chapter in chapters:
        instrument = definitions.context.instruments.get(definitions.versions[chapter.version].instrument)
        for mark in evidenced(chapter):
            if not any(_states(told, mark) for told in read.quotes(mark.evidence, mark_key(instrument))):
                raise _unstated(chapter, f"the price {mark.price} of {_text(mark.at)}", mark.evidence)
        for rate in chapter.rates:
            if (rate.at, rate.rate) not in read.rates(rate.evidence, instrument):
                raise _unstated(chapter, f"the rate {rate.rate} of {_text(rate.at)}", rate.evidence)
        for fill in fills_in(chapter):
            if not read.states_fill(fill, instrument):
                raise _unstated(chapter, f"the fill {fill.id}, {fill.quantity} at {fill.price}")
    if idle := sorted(content.payloads.keys() - wanted - read.used):
        raise BundleDifferenceError(f"payloads/{idle[0]} stated nothing that counts")


def _unstated(chapter: Chapter, what: str, sha: Sha256 | None = None) -> BundleDifferenceError:
    who = "no payload states" if sha is None else f"the payload {sha} does not state"
    return BundleDifferenceError(f"{FACTS} line {chapter.number}: {who} {what}")


def _text(at: int) -> str:
    return instant_text(instant_of(at))


@dataclass(frozen=True, slots=True)
class _Told:
    """A quoted price, when the venue says it held, and when it was received."""

    price: Decimal
    at: int
    received_at: int


def _states(told: _Told, mark: UsedMark) -> bool:
    """Whether a mark is a quote as told; one from a clock ahead of ours counts from its receipt on."""
    if told.price != mark.price:
        return False
    return told.at == mark.at or (told.at > mark.at >= told.received_at)


_FillKey = tuple[str, int, Decimal, Decimal, Decimal]
"""The venue's id of an execution, its instant, underlying without sign, price, and fee in the quote asset."""


class _Payloads:
    """What the payloads of a bundle state, each read once."""

    def __init__(self, content: Content, context: ParseContext) -> None:
        self._context = context
        self._bodies = content.payloads
        self._evidence: dict[Sha256, list[Evidence]] = {}
        for one in content.evidence:
            self._evidence.setdefault(one.sha256, []).append(one)
        self._quotes: dict[Sha256, dict[QuoteKey, list[_Told]]] = {}
        self._fills: dict[InstrumentId, dict[_FillKey, set[Sha256]]] = {}
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

    def states_fill(self, fill: Fill, instrument: Instrument) -> bool:
        """Whether any payload states an execution, with its fee where that was paid in the quote asset."""
        if instrument.id not in self._fills:
            self._fills[instrument.id] = self._read_fills(instrument)
        key = (fill.id.rpartition("/")[2], fill.at, abs(fill.quantity), fill.price, fill.fee)
        stating = self._fills[instrument.id].get(key, set())
        self.used |= stating
        return bool(stating)

    def _read_fills(self, instrument: Instrument) -> dict[_FillKey, set[Sha256]]:
        found: dict[_FillKey, set[Sha256]] = {}
        for sha, body in self._bodies.items():
            one = self._evidence[sha][0]
            if one.endpoint not in fill_readers(one.connector):
                continue
            for told in read_fills(one, body, instrument, self._context):
                with exact():
                    quantity = told.quantity * instrument.multiplier
                in_quote = told.fee is not None and told.fee.asset == instrument.quote
                fee = told.fee.number if told.fee is not None and in_quote else ZERO
                key = (told.id, microseconds(told.at), quantity, told.price, fee)
                found.setdefault(key, set()).add(sha)
        return found

    def _read(self, sha: Sha256) -> dict[QuoteKey, list[_Told]]:
        found: dict[QuoteKey, list[_Told]] = {}
        for one in self._evidence[sha]:
            for fact in parse(one, self._bodies[sha], self._context).facts:
                key, body = quote_key(fact), fact.body
                if key is not None and isinstance(body, Quote):
                    told = _Told(body.price, microseconds(fact.occurred_at), microseconds(one.answered_at))
                    found.setdefault(key, []).append(told)
        return found

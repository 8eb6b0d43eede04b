"""What all venue parsers share: assets that may be unknown, tags, and stable fact identities."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from functools import lru_cache

from truenav.connect.contract import ParseContext, Parsed, Problem
from truenav.core.asset import AmbiguousTickerError, UnknownAssetError
from truenav.core.clock import instant_text
from truenav.core.contracts import DatedName
from truenav.core.evidence import Evidence
from truenav.core.facts import Body, Fact, Quote
from truenav.core.failure import FailureKind
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, UnknownInstrumentError
from truenav.core.money import AssetId

TAGS = "local:order_tags"
"""Name of the note on a page of trades: what orders the client had placed, as ``id=tag,id=tag``.

Venues that report trades without the client's order id need a second answer to know the strategy tag;
what it said is noted in the evidence of the trades, so that one payload still states one fact.
"""

USUAL_EXPIRY = time(8, tzinfo=UTC)
"""When contracts expire at most venues."""


@dataclass(slots=True)
class Reading:
    """Collects what one payload of one venue states."""

    evidence: Evidence
    context: ParseContext
    facts: list[Fact] = field(default_factory=list)
    instruments: list[Instrument] = field(default_factory=list)
    problems: dict[tuple[str, str], Problem] = field(default_factory=dict)
    derived: dict[InstrumentId, Instrument] = field(default_factory=dict)

    @property
    def venue(self) -> str:
        """The connector's name, which is the venue's."""
        return self.evidence.connector

    def asset(self, code: str, at: datetime) -> AssetId:
        """The asset that the venue calls ``code``; an unknown one keeps the venue's name and is told.

        Such an id (``binance:FOO``) has no price until somebody maps it, so nothing is valued by guess
        and nothing is dropped.
        """
        try:
            return self.context.assets.resolve(self.venue, code, at)
        except (UnknownAssetError, AmbiguousTickerError) as error:
            self._note(
                Problem(
                    where=f"{self.venue} {self.evidence.endpoint}",
                    message=error.message,
                    mend=f"Add the asset, and {code[:60]!r} as its alias on {self.venue}.",
                    subject=f"{self.venue}:{code[:60]}",
                    kind=FailureKind.UNKNOWN_ASSET,
                )
            )
            return AssetId(f"{self.venue}:{code}")

    def known_asset(self, code: str) -> AssetId | None:
        """The asset that the venue calls ``code``, or None: for lists that name more than we hold."""
        try:
            return self.context.assets.resolve(self.venue, code, self.evidence.answered_at)
        except (UnknownAssetError, AmbiguousTickerError):
            return None

    def instrument(self, name: InstrumentId, *, lost: bool) -> Instrument | None:
        """Terms of an instrument, or None with a problem; ``lost`` where no fact can be stated then."""
        try:
            return self.context.instruments.get(name)
        except UnknownInstrumentError as error:
            self._note(
                Problem(
                    where=f"{self.venue} {self.evidence.endpoint}",
                    message=error.message,
                    mend="Add the assets it is made of, then gather the venue's market again.",
                    subject=name,
                    kind=FailureKind.UNKNOWN_INSTRUMENT,
                    lost=lost,
                )
            )
            return None

    def terms(self, name: InstrumentId) -> Instrument | None:
        """Terms that the master knows or this payload let us derive; else None, and nothing is noted."""
        return self.context.instruments.instruments.get(name) or self.derived.get(name)

    def expired(
        self,
        name: InstrumentId,
        dated: DatedName,
        family: Iterable[Instrument],
        *,
        at: time = USUAL_EXPIRY,
    ) -> Instrument | None:
        """Terms of a contract that is listed no more: its family's, with what its name tells of its own.

        Size, assets and kind of profit are those of any contract of ``family``; without one, None. The terms
        are stated, so that the master learns them.
        """
        sibling = min(family, key=lambda one: one.id, default=None)
        if sibling is None:
            return None
        terms = replace(
            sibling,
            id=name,
            code=name.partition(":")[2],
            kind=InstrumentKind.FUTURE if dated.strike is None else InstrumentKind.OPTION,
            expiry_at=datetime.combine(dated.expires_on, at),
            strike=dated.strike,
            right=dated.right,
            valid_from=None,
            valid_to=None,
        )
        self.derived[name] = terms
        self.instruments.append(terms)
        return terms

    def lost(self, subject: str, message: str, mend: str) -> None:
        """Note a row that states no fact for want of something."""
        where = f"{self.venue} {self.evidence.endpoint}"
        self._note(Problem(where, message, mend, subject=subject, lost=True))

    def state(self, external_id: str, at: datetime, body: Body) -> None:
        """Add a fact about the evidence's account."""
        self.facts.append(
            Fact(
                source=self.venue,
                account=self.evidence.account,
                external_id=external_id,
                occurred_at=at,
                body=body,
                evidence=self.evidence.sha256,
            )
        )

    def snapshot(self, wallet: str, body: Body) -> None:
        """Add a snapshot of a wallet as answered."""
        asked = instant_text(self.evidence.asked_at)
        self.state(f"{wallet}@{asked}", self.evidence.answered_at, body)

    def quote(self, name: str, at: datetime, quote: Quote) -> None:
        """Add a price; its identity is market, kind and the venue's own instant."""
        self.state(f"{name}:{quote.kind.value}@{instant_text(at)}", at, quote)

    def done(self) -> Parsed:
        """Everything stated."""
        return Parsed(tuple(self.facts), tuple(self.instruments), tuple(self.problems.values()))

    def _note(self, problem: Problem) -> None:
        self.problems.setdefault((problem.subject, problem.message), problem)


def tag_of(client_id: str) -> str | None:
    """The strategy tag of a client order id: what stands before the first hyphen; None without one."""
    head, hyphen, _ = client_id.partition("-")
    return head if hyphen and head else None


@lru_cache(maxsize=1)
def noted_tags(evidence: Evidence) -> Mapping[str, str | None] | None:
    """Order id to tag as noted in the evidence; None where nothing was noted.

    The last one is kept, for each part of a large page asks.
    """
    for name, value in evidence.request.params:
        if name == TAGS:
            pairs = (pair.partition("=") for pair in value.split(",") if pair)
            return {order: tag or None for order, _, tag in pairs}
    return None


def tags_note(tags: Iterable[tuple[str, str | None]]) -> str:
    """The note of order ids and tags, sorted, so that the same knowledge is the same text."""
    return ",".join(f"{order}={tag or ''}" for order, tag in sorted(tags))

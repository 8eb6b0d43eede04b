"""A desk's statement against what moved: each settlement line paired with one transfer of our accounts.

Four fields decide: asset, amount with its direction, value date, and counterparty; a transaction id that both
sides have stands for the last two. Asset and amount must agree exactly, the value date within some days, and
the counterparty where both sides name one that is known. Of several possibilities the most pairs are taken,
then those nearest in time, then those that name the counterparty; what could as well be paired otherwise is
told, not guessed. Method: docs/methods/reconciliation.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal
from enum import StrEnum

from truenav.calc.ledger.assignment import assign
from truenav.core.facts import Fact, Transfer
from truenav.core.money import AssetId, exact, to_text

TOLERANCE_DAYS = 2
"""Days by which a value date and the day of a transfer (UTC) may differ."""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One settlement of a statement, seen from us: ``amount`` is positive where we received."""

    id: str
    asset: AssetId
    amount: Decimal
    value_date: date
    counterparty: str = ""
    txid: str = ""


class MatchedBy(StrEnum):
    """What a pair rests on."""

    TXID = "txid"
    FIELDS = "fields"


class Reason(StrEnum):
    """Why something is left without a partner."""

    NO_AMOUNT = "no-amount"
    OTHER_DATE = "other-date"
    OTHER_COUNTERPARTY = "other-counterparty"
    TAKEN = "taken"
    AMBIGUOUS = "ambiguous"


_WORDS: Mapping[Reason, str] = {
    Reason.NO_AMOUNT: "no transfer moves this amount of this asset in this direction",
    Reason.OTHER_DATE: "the only transfers of this amount lie too far from the value date",
    Reason.OTHER_COUNTERPARTY: "the only transfers of this amount are with somebody else",
    Reason.TAKEN: "every transfer of this amount belongs to another line",
    Reason.AMBIGUOUS: "several lines and transfers fit each other equally well",
}


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A line and the transfer that settled it; ``days`` is the transfer's day less the value date."""

    line: StatementLine
    transfer: Fact
    by: MatchedBy
    days: int


@dataclass(frozen=True, slots=True)
class UnmatchedLine:
    """A line that nothing settled, and why; ``candidates`` are the transfers of its asset and amount."""

    line: StatementLine
    reason: Reason
    candidates: tuple[Fact, ...]

    @property
    def message(self) -> str:
        """The finding in words."""
        one = self.line
        told = f"{to_text(one.amount)} {one.asset} of {one.value_date.isoformat()}"
        return f"Line {one.id} ({told}): {_WORDS[self.reason]}."


@dataclass(frozen=True, slots=True)
class StatementMatch:
    """What became of all lines, in their order, and the transfers that no line speaks of."""

    matched: tuple[MatchedLine, ...]
    unmatched: tuple[UnmatchedLine, ...]
    transfers: tuple[Fact, ...]


def lines_of(facts: Iterable[Fact], *, counterparty: str = "") -> tuple[StatementLine, ...]:
    """The settlements of a desk's account as lines, by time: what left the desk, we received.

    ``counterparty`` is the desk's name. Other facts are left out.
    """
    settled = sorted((fact for fact in facts if isinstance(fact.body, Transfer)), key=_order)
    with exact():
        return tuple(
            StatementLine(
                id=fact.external_id,
                asset=_body(fact).amount.asset,
                amount=-_body(fact).amount.number,
                value_date=fact.occurred_at.astimezone(UTC).date(),
                counterparty=counterparty,
                txid=_body(fact).txid,
            )
            for fact in settled
        )


_Cost = Callable[[StatementLine, Fact], int | None]


def match_statement(
    lines: Iterable[StatementLine],
    transfers: Iterable[Fact],
    *,
    days: int = TOLERANCE_DAYS,
    parties: Mapping[str, str] | None = None,
) -> StatementMatch:
    """Pair lines with transfers one to one.

    ``transfers`` are facts of our accounts (others than transfers are left out); ``parties`` says whom a
    transfer's counterpart (an address, a name at a custodian) stands for, in the words of the statement. The
    order of the transfers does not matter.
    """
    given = tuple(lines)
    facts = sorted((fact for fact in transfers if isinstance(fact.body, Transfer)), key=_order)
    with exact():
        work = _Work(given, facts, days, {key.casefold(): name for key, name in (parties or {}).items()})
        work.by_txid()
        work.by_fields()
        return work.result()


class _Work:
    """Pairs found so far."""

    def __init__(
        self, lines: Sequence[StatementLine], facts: Sequence[Fact], days: int, parties: Mapping[str, str]
    ) -> None:
        self.lines = lines
        self.facts = facts
        self.days = days
        self.parties = parties
        self.mates: dict[int, tuple[int, MatchedBy]] = {}
        self.taken: set[int] = set()
        self.ambiguous: set[int] = set()
        self.alike: dict[tuple[AssetId, Decimal], list[int]] = defaultdict(list)
        for place, fact in enumerate(facts):
            self.alike[_body(fact).amount.asset, _body(fact).amount.number].append(place)

    def by_txid(self) -> None:
        """Lines and transfers with one transaction id, asset and amount."""
        self._settle(self._costs(self._same_txid), MatchedBy.TXID)

    def by_fields(self) -> None:
        """The others, by date and counterparty; two different transaction ids are two transfers."""
        self._settle(self._costs(self._cost), MatchedBy.FIELDS)

    def result(self) -> StatementMatch:
        """All lines in their order."""
        matched, unmatched = [], []
        for place, line in enumerate(self.lines):
            if place in self.mates:
                mate, by = self.mates[place]
                matched.append(MatchedLine(line, self.facts[mate], by, _days(line, self.facts[mate])))
            else:
                alike = tuple(self.facts[n] for n in self.alike[line.asset, line.amount])
                unmatched.append(UnmatchedLine(line, self._reason(place, line), alike))
        left = tuple(fact for n, fact in enumerate(self.facts) if n not in self.taken)
        return StatementMatch(tuple(matched), tuple(unmatched), left)

    def _costs(self, cost: _Cost) -> list[dict[int, int]]:
        rows: list[dict[int, int]] = []
        for place, line in enumerate(self.lines):
            free = () if place in self.mates else self.alike[line.asset, line.amount]
            costs = {n: cost(line, self.facts[n]) for n in free if n not in self.taken}
            rows.append({n: found for n, found in costs.items() if found is not None})
        return rows

    def _settle(self, costs: list[dict[int, int]], by: MatchedBy) -> None:
        found = assign(costs)
        rivals = () if found is None else found.rivals
        mates = [None] * len(costs) if found is None else found.mates
        told = {place for group, others in rivals if not self._equal(group, others) for place in group}
        self.ambiguous |= told
        self.ambiguous |= {place for place, row in enumerate(costs) if row and found is None}
        for place, mate in enumerate(mates):
            if mate is not None and place not in told:
                self.mates[place] = (mate, by)
                self.taken.add(mate)

    def _equal(self, group: frozenset[int], others: frozenset[int]) -> bool:
        """Whether it makes no difference which is which: all lines, or all transfers, are alike."""
        if len(group) != len(others):
            return False
        lines = {(self.lines[n].value_date, self.lines[n].counterparty, self.lines[n].txid) for n in group}
        places = {
            (self.facts[n].account, _body(self.facts[n]).wallet, self.facts[n].occurred_at) for n in others
        }
        return len(lines) == 1 or len(places) == 1

    @staticmethod
    def _same_txid(line: StatementLine, fact: Fact) -> int | None:
        same = line.txid and line.txid.casefold() == _body(fact).txid.casefold()
        return abs(_days(line, fact)) if same else None

    def _cost(self, line: StatementLine, fact: Fact) -> int | None:
        apart, agrees = abs(_days(line, fact)), self._agrees(line, fact)
        if (line.txid and _body(fact).txid) or apart > self.days or agrees is False:
            return None
        return 2 * apart + (0 if agrees else 1)

    def _agrees(self, line: StatementLine, fact: Fact) -> bool | None:
        """Whether the counterparties are one; None where a side names none, or one that nobody knows."""
        named = _body(fact).counterpart.casefold()
        party = self.parties.get(named)
        if not line.counterparty or not named:
            return None
        if line.counterparty.casefold() in (named, (party or "").casefold()):
            return True
        return None if party is None else False

    def _reason(self, place: int, line: StatementLine) -> Reason:
        alike = [self.facts[n] for n in self.alike[line.asset, line.amount]]
        if place in self.ambiguous:
            return Reason.AMBIGUOUS
        if not alike:
            return Reason.NO_AMOUNT
        near = [fact for fact in alike if abs(_days(line, fact)) <= self.days]
        if not near:
            return Reason.OTHER_DATE
        strangers = [fact for fact in near if self._agrees(line, fact) is False]
        return Reason.OTHER_COUNTERPARTY if len(strangers) == len(near) else Reason.TAKEN


def _days(line: StatementLine, fact: Fact) -> int:
    return (fact.occurred_at.astimezone(UTC).date() - line.value_date).days


def _body(fact: Fact) -> Transfer:
    assert isinstance(fact.body, Transfer)
    return fact.body


def _order(fact: Fact) -> tuple[object, ...]:
    return fact.occurred_at, fact.source, fact.account, fact.external_id, fact.content_hash

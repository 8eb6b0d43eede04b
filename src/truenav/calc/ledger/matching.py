"""Transfers between own accounts: what left one place and what arrived at another, paired one to one.

Legs with one transaction id belong together. Others are paired where asset and amount agree (exactly, or
less the fee of either side) and the time between them is possible; of several possibilities the most pairs
are taken, then those of exact amounts, then those nearest in time (squared seconds). What could as well be
paired otherwise is told, not guessed. The order in which facts are given does not matter. Method:
docs/methods/reconciliation.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from truenav.calc.ledger.assignment import assign
from truenav.core.facts import Fact, Transfer, TransferKind
from truenav.core.money import ZERO, AssetId, exact

CHAIN = timedelta(hours=72)
"""The longest that a transfer between accounts is under way."""

INTERNAL = timedelta(minutes=10)
"""The same where both sides say that they are one house's."""

EARLY = timedelta(minutes=1)
"""How far before it was sent something may arrive, by clocks that differ."""

MOST_CANDIDATES = 200
"""Legs of one amount that may have come from one other; more are told as ambiguous."""

Place = tuple[str, str]
"""Account and wallet."""

_Key = tuple[AssetId, Decimal]


class MatchedBy(StrEnum):
    """What a pair rests on."""

    TXID = "txid"
    AMOUNT = "amount"


@dataclass(frozen=True, slots=True)
class TransferPair:
    """One transfer: what left and what arrived, and how long it took.

    ``lost`` is what arrived less than was sent, in units of the asset: a fee of the way, zero or more.
    """

    sent: Fact
    received: Fact
    by: MatchedBy
    lost: Decimal

    @property
    def in_transit(self) -> timedelta:
        """From leaving to arriving; negative by a moment where clocks differ."""
        return self.received.occurred_at - self.sent.occurred_at

    @property
    def external_legs(self) -> tuple[Fact, ...]:
        """The legs whose facts call them external, though the other end is ours."""
        return tuple(one for one in (self.sent, self.received) if _body(one).kind is TransferKind.EXTERNAL)


@dataclass(frozen=True, slots=True)
class TransferCrowd:
    """Legs that belong together in more than one way that is as good as any other."""

    sent: tuple[Fact, ...]
    received: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Matching:
    """What became of all legs; each is in one place at most.

    ``unmatched`` are internal legs without the other one; external ones without a partner are left out, they
    entered or left the fund.
    """

    pairs: tuple[TransferPair, ...]
    unmatched: tuple[Fact, ...]
    ambiguous: tuple[TransferCrowd, ...]


@dataclass(slots=True, eq=False)
class _Leg:
    fact: Fact
    place: Place
    leaves: bool
    asset: AssetId
    number: Decimal
    fee: Decimal
    at: datetime
    txid: str
    internal: bool
    counterpart: str


def match_transfers(facts: Iterable[Fact]) -> Matching:
    """Pair the transfers among ``facts``; those of no amount are left out."""
    with exact():
        legs = sorted(
            (_leg(fact) for fact in facts if isinstance(fact.body, Transfer) and fact.body.amount.number),
            key=_leg_order,
        )
        outs, ins = [leg for leg in legs if leg.leaves], [leg for leg in legs if not leg.leaves]
        wallets = {leg.place for leg in legs}
        work = _Work(wallets, {account for account, _ in wallets})
        work.by_txid(outs, ins)
        work.by_amount([one for one in outs if work.is_free(one)], [one for one in ins if work.is_free(one)])
    alone = tuple(leg.fact for leg in legs if leg.internal and work.is_free(leg))
    pairs = sorted(work.pairs, key=lambda pair: (_fact_order(pair.sent), _fact_order(pair.received)))
    crowds = sorted(work.crowds, key=lambda crowd: [_fact_order(one) for one in crowd.sent])
    return Matching(tuple(pairs), alone, tuple(crowds))


class _Work:
    """Pairs found so far, and the legs that are still free."""

    def __init__(self, places: set[Place], accounts: set[str]) -> None:
        self.places = places
        self.accounts = accounts
        self.pairs: list[TransferPair] = []
        self.crowds: list[TransferCrowd] = []
        self.taken: set[int] = set()

    def is_free(self, leg: _Leg) -> bool:
        return id(leg) not in self.taken

    def by_txid(self, outs: Sequence[_Leg], ins: Sequence[_Leg]) -> None:
        """Legs with one transaction id and asset, whatever the time between them."""
        groups: dict[tuple[str, AssetId], tuple[list[_Leg], list[_Leg]]] = {}
        for side, legs in enumerate((outs, ins)):
            for leg in legs:
                if leg.txid:
                    groups.setdefault((leg.txid, leg.asset), ([], []))[side].append(leg)
        for left, right in groups.values():
            if len(left) > 1 or len(right) > 1:
                costs = [
                    {n: cost for n, into in enumerate(right) if (cost := self._cost(out, into)) is not None}
                    for out in left
                ]
                self._settle(left, right, costs, MatchedBy.TXID)
            sent, received = ([one for one in side if self.is_free(one)] for side in (left, right))
            # The only two that are left are one transfer, though a fee that nobody states lies between.
            if len(sent) == len(received) == 1 and _may_be_one(sent[0], received[0]):
                self._pair(sent[0], received[0], MatchedBy.TXID)

    def by_amount(self, outs: Sequence[_Leg], ins: Sequence[_Leg]) -> None:
        """Legs of one asset, amount and time, in groups that have nothing to do with each other."""
        index: dict[_Key, list[int]] = {}
        for n, leg in enumerate(ins):
            for key in _keys(leg, leg.fee):
                index.setdefault(key, []).append(n)
        costs: list[dict[int, int]] = []
        crowded: dict[_Key, list[_Leg]] = {}
        for out in outs:
            row: dict[int, int] = {}
            for key in _keys(out, -out.fee):
                if (places := index.get(key)) is None or key in crowded:
                    continue
                near = _near(places, ins, out.at)
                if len(near) > MOST_CANDIDATES:
                    crowded[key] = []
                    continue
                for n in near:
                    if self._possible(out, ins[n]) and (cost := self._cost(out, ins[n])) is not None:
                        row[n] = cost
            costs.append(row)
        if crowded:
            self._tell_crowds(crowded, outs, {key: [ins[n] for n in index[key]] for key in crowded})
            costs = [
                {n: cost for n, cost in row.items() if self.is_free(out) and self.is_free(ins[n])}
                for out, row in zip(outs, costs, strict=True)
            ]
        for group in _connected(costs):
            if len(group) == len(costs[group[0]]) == 1:
                self._pair(outs[group[0]], ins[next(iter(costs[group[0]]))], MatchedBy.AMOUNT)
                continue
            rights = sorted({n for m in group for n in costs[m]})
            renamed = {n: place for place, n in enumerate(rights)}
            self._settle(
                [outs[m] for m in group],
                [ins[n] for n in rights],
                [{renamed[n]: cost for n, cost in costs[m].items()} for m in group],
                MatchedBy.AMOUNT,
            )

    def _settle(
        self, outs: Sequence[_Leg], ins: Sequence[_Leg], costs: Sequence[Mapping[int, int]], by: MatchedBy
    ) -> None:
        """Pair one group: the best way if there is one, and what is as good otherwise told."""
        found = assign(costs)
        crowds: list[tuple[Iterable[int], Iterable[int]]] = []
        if found is None:
            crowds.append((range(len(outs)), range(len(ins))))
        else:
            crowds += [one for one in found.rivals if not _alike(outs, ins, *one)]
        for left, right in crowds:
            self._tell([outs[m] for m in sorted(left)], [ins[n] for n in sorted(right)])
        for m, n in enumerate(found.mates if found is not None else ()):
            if n is not None and self.is_free(outs[m]) and self.is_free(ins[n]):
                self._pair(outs[m], ins[n], by)

    def _tell_crowds(
        self, crowded: dict[_Key, list[_Leg]], outs: Sequence[_Leg], ins: Mapping[_Key, list[_Leg]]
    ) -> None:
        for out in outs:
            if key := next((key for key in _keys(out, -out.fee) if key in crowded), None):
                crowded[key].append(out)
        for key, some in crowded.items():
            self._tell(some, [leg for leg in ins[key] if self.is_free(leg)])

    def _tell(self, outs: Sequence[_Leg], ins: Sequence[_Leg]) -> None:
        self.taken.update(id(leg) for leg in (*outs, *ins))
        self.crowds.append(TransferCrowd(tuple(leg.fact for leg in outs), tuple(leg.fact for leg in ins)))

    def _pair(self, out: _Leg, into: _Leg, by: MatchedBy) -> None:
        self.taken |= {id(out), id(into)}
        self.pairs.append(TransferPair(out.fact, into.fact, by, max(ZERO, out.number - into.number)))

    def _possible(self, out: _Leg, into: _Leg) -> bool:
        """Whether ids, places, times and what the legs say of each other allow a pair."""
        if out.place == into.place or (out.txid and into.txid):
            return False
        named = out.counterpart == "/".join(into.place)
        both = out.internal and into.internal and not named
        if into.at - out.at > (INTERNAL if both else CHAIN):
            return False
        return self._points(out, into) and self._points(into, out)

    def _points(self, leg: _Leg, other: _Leg) -> bool:
        """Whether a leg's counterpart, where it names one of our places, is the other leg's place."""
        told, account = leg.counterpart, leg.place[0]
        if not told:
            return True
        if (account, told) in self.places:
            return other.place == (account, told)
        name, _, wallet = told.partition("/")
        if name in self.accounts:
            return other.place[0] == name and (not wallet or other.place[1] == wallet)
        return True

    def _cost(self, out: _Leg, into: _Leg) -> int | None:
        """How unlikely a pair is: first by its amounts, then by squared seconds; None: not one transfer."""
        if out.place == into.place:
            return None
        if out.number == into.number:
            rank = 0
        elif into.number in (out.number - out.fee, out.number - into.fee):
            rank = 1
        elif into.number + into.fee == out.number - out.fee:
            rank = 2
        else:
            return None
        seconds = abs(round((into.at - out.at).total_seconds()))
        return rank * _RANK + seconds * seconds


_RANK = 10**18
"""More than the squared seconds of any time between two legs, a thousand times over."""


def _keys(leg: _Leg, fee: Decimal) -> tuple[_Key, ...]:
    """What its partner may be found by: its amount, and that amount with a fee."""
    key = (leg.asset, leg.number)
    return (key, (leg.asset, leg.number + fee)) if fee else (key,)


def _near(places: Sequence[int], ins: Sequence[_Leg], sent_at: datetime) -> Sequence[int]:
    """Of these legs, which are in time order, those that may have left at an instant."""
    earliest, latest = sent_at - EARLY, sent_at + CHAIN
    if len(places) == 1:
        return places if earliest <= ins[places[0]].at <= latest else ()
    start = bisect_left(places, earliest, key=lambda n: ins[n].at)
    return places[start : bisect_right(places, latest, key=lambda n: ins[n].at)]


def _alike(outs: Sequence[_Leg], ins: Sequence[_Leg], left: Iterable[int], right: Iterable[int]) -> bool:
    """Whether it makes no difference which of these are paired: one side is all the same."""
    kinds = ({_likeness(outs[m]) for m in left}, {_likeness(ins[n]) for n in right})
    count = (len(set(left)), len(set(right)))
    if count[0] == count[1]:
        return len(kinds[0]) == 1 or len(kinds[1]) == 1
    return len(kinds[0]) == 1 and len(kinds[1]) == 1


def _likeness(leg: _Leg) -> tuple[object, ...]:
    at = round(leg.at.timestamp())
    return (leg.place, leg.number, leg.fee, at, leg.txid, leg.internal, leg.counterpart)


def _may_be_one(out: _Leg, into: _Leg) -> bool:
    return out.place != into.place and into.number <= out.number + out.fee


def _connected(costs: Sequence[Mapping[int, int]]) -> list[list[int]]:
    """Left ones that share right ones, directly or through others; those without any are left out."""
    parent = list(range(len(costs)))

    def root(one: int) -> int:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    first: dict[int, int] = {}
    for left, row in enumerate(costs):
        for right in row:
            here, there = root(first.setdefault(right, left)), root(left)
            parent[max(here, there)] = min(here, there)
    groups: dict[int, list[int]] = {}
    for left, row in enumerate(costs):
        if row:
            groups.setdefault(root(left), []).append(left)
    return list(groups.values())


def _leg(fact: Fact) -> _Leg:
    body = _body(fact)
    fee = body.fee
    return _Leg(
        fact,
        (fact.account, body.wallet),
        body.amount.number < 0,
        body.amount.asset,
        abs(body.amount.number),
        abs(fee.number) if fee is not None and fee.asset == body.amount.asset else ZERO,
        fact.occurred_at,
        body.txid.strip().lower().removeprefix("0x"),
        body.kind is TransferKind.INTERNAL,
        body.counterpart,
    )


def _body(fact: Fact) -> Transfer:
    assert isinstance(fact.body, Transfer)
    return fact.body


def _leg_order(leg: _Leg) -> tuple[datetime, str, str, str]:
    return _fact_order(leg.fact)


def _fact_order(fact: Fact) -> tuple[datetime, str, str, str]:
    return fact.occurred_at, fact.account, fact.external_id, fact.source

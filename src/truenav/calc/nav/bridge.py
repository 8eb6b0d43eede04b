"""From one NAV to the next: seven parts, each from its own facts, that sum exactly to the change.

Method: docs/methods/bridge.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Self

from truenav.calc.ledger.deltas import Reason
from truenav.calc.nav.classes import ClassState
from truenav.calc.nav.context import Context, SubjectKey
from truenav.calc.nav.flows import Flow, fund_of_node
from truenav.calc.nav.model import FundNav, LineKind, NavBridge, NavLine
from truenav.calc.nav.pieces import Piece
from truenav.calc.nav.prices import Prices
from truenav.calc.pricing.marks import Subject
from truenav.core.facts import ManualKind
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import AccountId, NodeId
from truenav.core.money import ZERO, AssetId, divided, rounded, to_text


class Effect(StrEnum):
    """The parts of a bridge that the lines of a fund explain."""

    PRICE = "price"
    FUNDING = "funding"
    FEE = "fee"
    FLOW = "flow"
    MANUAL = "manual"
    UNEXPLAINED = "unexplained"


EFFECT_OF: Mapping[Reason, Effect] = {
    Reason.TRADE: Effect.PRICE,
    Reason.REALISED: Effect.PRICE,
    Reason.SETTLEMENT: Effect.PRICE,
    Reason.FEE: Effect.FEE,
    Reason.FUNDING: Effect.FUNDING,
    Reason.INTEREST: Effect.FUNDING,
    Reason.REWARD: Effect.FUNDING,
    Reason.EXTERNAL: Effect.FLOW,
    Reason.INTERNAL: Effect.FLOW,
}

_PENDING = frozenset[str]({ManualKind.PENDING_DEPOSIT, ManualKind.PENDING_WITHDRAWAL})


@dataclass
class _Side:
    """All lines of one thing at one NAV: quantity, value (unpriced lines add none) and price."""

    quantity: Decimal = ZERO
    value: Decimal = ZERO
    price_usd: Decimal | None = None
    unpriced: bool = False

    def add(self, line: NavLine) -> None:
        self.quantity += line.quantity
        self.value += line.value_usd or ZERO
        self.price_usd = line.price_usd if line.price_usd is not None else self.price_usd
        self.unpriced |= line.value_usd is None


@dataclass
class _Moves:
    """Changes of one thing in the period, by effect."""

    by_effect: dict[Effect, Decimal] = field(default_factory=dict)

    def add(self, effect: Effect, quantity: Decimal) -> None:
        self.by_effect[effect] = self.by_effect.get(effect, ZERO) + quantity

    @property
    def total(self) -> Decimal:
        return sum(self.by_effect.values(), ZERO)


ThingKey = tuple[LineKind, SubjectKey]
"""One thing across both NAVs: what, where, and as which kind of line."""

Effects = Mapping[Effect, Decimal]


def thing_key(line: NavLine | Piece) -> ThingKey:
    """The thing that a line, or a piece, is a part of."""
    return line.kind, (line.account, line.wallet, line.subject, line.kind is LineKind.POSITION)


@dataclass(frozen=True, slots=True)
class Start:
    """Where the bridge of one fund starts, and what moved since; no present price plays a part in it."""

    context: Context
    opening: FundNav
    published: FundNav
    _before: Mapping[ThingKey, _Side]
    _moves: Mapping[ThingKey, _Moves]

    @classmethod
    def of(cls, context: Context, fund: NodeId, flows: Iterable[Flow]) -> Self | None:
        """The start of a fund's bridge; None if it had no NAV before."""
        opening = context.opening.funds.get(fund)
        if opening is None:
            return None
        published = context.opening.published.get(fund, opening)
        before: dict[ThingKey, _Side] = {}
        for line in opening.lines:
            before.setdefault(thing_key(line), _Side()).add(line)
        return cls(context, opening, published, before, _moves(context, fund, flows))

    @property
    def things(self) -> Set[ThingKey]:
        """What was held or has moved."""
        return self._before.keys() | self._moves.keys()

    def mark_of_ended(self, key: ThingKey) -> Subject | None:
        """The mark that explains a balance of which nothing is left."""
        kind, (account, _, asset, _) = key
        held_at = self.context.accounts.get(AccountId(account))
        return Subject(asset, held_at.venue) if kind is LineKind.BALANCE and held_at else None

    def effects(self, key: ThingKey, lines: Iterable[NavLine], prices: Prices) -> Effects:
        """What one thing adds to the bridge, given all of its present lines. Under ``exact()``."""
        effects = dict.fromkeys(Effect, ZERO)
        old, moved, new = self._before.get(key, _Side()), self._moves.get(key, _Moves()), _Side()
        for line in lines:
            new.add(line)
        kind, subject = key
        if kind is LineKind.MANUAL:
            effects[Effect.MANUAL] += new.value - old.value
        elif kind is LineKind.POSITION:
            _position_effects(effects, old, new, moved)
        else:
            if kind is LineKind.HOLDING:
                moved = _Moves({Effect.FLOW: new.quantity - old.quantity})
            price = new.price_usd if new.quantity or new.value else self._price_of(prices, subject, old)
            _balance_effects(effects, old, new, moved, ZERO if price is None else price)
        return {effect: amount for effect, amount in effects.items() if amount}

    def _price_of(self, prices: Prices, subject: SubjectKey, old: _Side) -> Decimal | None:
        """The present price of an asset that is no longer held; the old one if it has none now."""
        account = self.context.accounts.get(AccountId(subject[0]))
        price = prices.usd(AssetId(subject[2]), account.venue) if account else None
        return old.price_usd if price is None else price


@dataclass
class EffectSums:
    """What all things of a fund add to its bridge; each can be replaced. Adding under ``summing()``."""

    by_thing: dict[ThingKey, Effects] = field(default_factory=dict)
    total: dict[Effect, Decimal] = field(default_factory=lambda: dict.fromkeys(Effect, ZERO))

    def put(self, key: ThingKey, effects: Effects) -> None:
        """Count a thing, in the place of what was counted for it before."""
        for effect, amount in self.by_thing.get(key, {}).items():
            self.total[effect] -= amount
        for effect, amount in effects.items():
            self.total[effect] += amount
        self.by_thing[key] = effects

    def copied(self) -> Self:
        """The same sums, to go on with."""
        return type(self)(dict(self.by_thing), dict(self.total))


def bridge_to_previous(
    start: Start,
    fund: NodeId,
    manual: Iterable[NavLine],
    classes: Iterable[ClassState],
    nav: Decimal,
    *,
    effects: Effects,
    lines: int,
) -> tuple[NavBridge, tuple[Failure, ...]]:
    """The bridge of one fund from its last NAV, rounded. Under ``exact()``.

    ``effects`` is the sum over all things, ``lines`` the number of present lines and ``manual`` those of
    manual items. Rounding is carried by ``unexplained``; should more than rounding be left over, the parts
    do not fit together and a blocking failure says so.
    """
    states = tuple(classes)
    found = dict(effects)
    found[Effect.FEE] -= sum((one.accrual for one in states), ZERO)
    found[Effect.FLOW] += sum((one.paid for one in states), ZERO)
    dealings = sum((one.flow for one in states), ZERO)
    pending = _pending(manual) - _pending(start.opening.lines)
    unmatched = found[Effect.FLOW] + pending - dealings
    bridge = _rounded(start, found, nav, unmatched)
    figures = lines + len(start.opening.lines) + len(states)
    return bridge, _checks(start.context, fund, bridge, found[Effect.UNEXPLAINED], figures)


def _balance_effects(
    effects: dict[Effect, Decimal], old: _Side, new: _Side, moved: _Moves, price: Decimal
) -> None:
    """``q1*P1 - V0 = (q0*P1 - V0) + sum(dq*P1) + (q1 - q0 - sum(dq))*P1``."""
    if new.unpriced:
        effects[Effect.UNEXPLAINED] += new.value - old.value
        return
    revalued = old.quantity * price - old.value
    effects[Effect.UNEXPLAINED if old.unpriced else Effect.PRICE] += revalued
    for effect, quantity in moved.by_effect.items():
        effects[effect] += quantity * price
    effects[Effect.UNEXPLAINED] += (new.quantity - old.quantity - moved.total) * price


def _position_effects(effects: dict[Effect, Decimal], old: _Side, new: _Side, moved: _Moves) -> None:
    """The change in value is price, but for contracts that no fact explains: those at their value each."""
    if new.unpriced or old.unpriced:
        effects[Effect.UNEXPLAINED] += new.value - old.value
        return
    residual = new.quantity - old.quantity - moved.total
    side = new if new.quantity else old
    unexplained = divided(residual * side.value, side.quantity) if residual and side.quantity else ZERO
    effects[Effect.UNEXPLAINED] += unexplained
    effects[Effect.PRICE] += new.value - old.value - unexplained


def _moves(context: Context, fund: NodeId, flows: Iterable[Flow]) -> dict[ThingKey, _Moves]:
    moves: dict[ThingKey, _Moves] = {}
    for flow in flows:
        kind = LineKind.POSITION if flow.delta.is_position else LineKind.BALANCE
        for part in flow.parts:
            if fund_of_node(context, flow.delta.account, part) == fund:
                moves.setdefault((kind, flow.key), _Moves()).add(EFFECT_OF[flow.delta.reason], part.quantity)
    return moves


def _pending(lines: Iterable[NavLine]) -> Decimal:
    """Manual items that stand for money under way; their change is matched with dealings."""
    return sum(
        (
            line.value_usd or ZERO
            for line in lines
            if line.kind is LineKind.MANUAL and line.wallet in _PENDING
        ),
        ZERO,
    )


def _rounded(start: Start, effects: Effects, nav: Decimal, unmatched: Decimal) -> NavBridge:
    places = start.context.inputs.policy.output_places
    parts = {effect: rounded(value, places) for effect, value in effects.items()}
    del parts[Effect.UNEXPLAINED]
    closing = rounded(nav, places)
    opening, published = start.opening, start.published
    correction = opening.nav_usd - published.nav_usd
    explained = sum(parts.values(), ZERO) + correction
    return NavBridge(
        previous_as_of=published.as_of,
        opening_nav_usd=published.nav_usd,
        price_usd=parts[Effect.PRICE],
        funding_usd=parts[Effect.FUNDING],
        fee_usd=parts[Effect.FEE],
        flow_usd=parts[Effect.FLOW],
        manual_usd=parts[Effect.MANUAL],
        correction_usd=correction,
        unexplained_usd=closing - published.nav_usd - explained,
        closing_nav_usd=closing,
        unmatched_flow_usd=rounded(unmatched, places),
    )


def _checks(
    context: Context, fund: NodeId, bridge: NavBridge, unexplained: Decimal, figures: int
) -> tuple[Failure, ...]:
    """Each rounded figure may be off by half a last place; more than that is a fault of ours."""
    found: list[Failure] = []
    slack = Decimal(figures + 20).scaleb(-context.inputs.policy.output_places)
    if abs(bridge.unexplained_usd - unexplained) > slack:
        found.append(
            Failure(
                FailureKind.INVARIANT,
                fund,
                f"The bridge of {fund} does not add up: {to_text(bridge.unexplained_usd - unexplained)} USD "
                "more is left over than its lines leave unexplained.",
                "Check that the last NAV is whole, then report this.",
            )
        )
    if abs(bridge.unmatched_flow_usd) > slack:
        found.append(
            Failure(
                FailureKind.RECONCILIATION_BREAK,
                fund,
                f"Money that entered and left {fund} and its dealings differ by "
                f"{to_text(bridge.unmatched_flow_usd)} USD.",
                "Match the external transfers with dealings, fee payments and pending items.",
                blocking=False,
            )
        )
    return tuple(found)

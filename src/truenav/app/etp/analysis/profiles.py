"""What rules mean before any price has happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from truenav.app.etp.analysis.rule_sets import RuleSet
from truenav.calc.etp.engine.history import History
from truenav.calc.etp.explain.decay import Expected, decay, expected_return
from truenav.calc.etp.explain.effort import most_steps, way_of_move
from truenav.calc.etp.explain.outlook import Outlook, outlook
from truenav.calc.etp.explain.risk_note import Language, risk_note
from truenav.calc.etp.explain.what_if import Legs, one_way_day, triggers_alone, two_legs
from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, exact
from truenav.core.product import Product, Terms

_STEPS = tuple(Decimal(percent) / 100 for percent in (5, 10, 15, 20, 30))
MOVES = (*_STEPS, *(-step for step in _STEPS))
"""Of a day one way, by default."""

with exact():
    BOTH_FALL = (ONE / 9, Decimal("-0.15"))
"""Two moves (the first to all digits, as a trigger may lie there) after which a long and a short product with
triggers are both below their start.
"""

VOLATILITIES = tuple(Decimal(tenth) / 10 for tenth in range(21))
"""Of a year, for the curve of decay: 0 to 200 %."""

MOST_MOVES = 40

MOST_FILLS = 20_000
"""Of the triggers of all rule sets over all single moves together."""


class ProfileInputError(InvalidInputError):
    """The moves or the price that rules are shown at make no sense."""

    code = "profile-input"
    title = "The rules cannot be shown at these numbers"


@dataclass(frozen=True, slots=True)
class ProfileQuestion:
    """Rule sets by their names (``text`` holds those that are *given*), and the numbers to show them at.

    ``moves`` are single moves of the underlying within a day, ``first`` and ``second`` two in turn, each a
    fraction above -1; ``price`` is where a unit was just rebalanced.
    """

    rules: tuple[str, ...]
    text: str | None = None
    price: Decimal = Decimal(100)
    moves: tuple[Decimal, ...] = MOVES
    first: Decimal = BOTH_FALL[0]
    second: Decimal = BOTH_FALL[1]


@dataclass(frozen=True, slots=True)
class RiskNote:
    """What a holder should know, a sentence a point, in both languages."""

    en: tuple[str, ...]
    zh: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """What the last terms of a rule set mean.

    ``one_way`` are returns over each of the moves without turning, triggers filled at their own price;
    ``legs`` those over two moves, each seen as one mark. ``outlook`` is that of a unit just rebalanced.
    """

    rules: str
    product: str
    target: Decimal
    note: RiskNote
    outlook: Outlook
    one_way: tuple[Decimal, ...]
    legs: Legs


@dataclass(frozen=True, slots=True)
class Profiles:
    """Rule sets beside each other; ``underlying`` are its returns over the two moves."""

    moves: tuple[Decimal, ...]
    underlying: Legs
    profiles: tuple[Profile, ...]


@dataclass(frozen=True, slots=True)
class DecayPoint:
    """What volatility of a year alone takes, in the time asked for, where the price ends as it began."""

    volatility: Decimal
    decay: Decimal


@dataclass(frozen=True, slots=True)
class DecayTheory:
    """The return that theory expects, and decay by volatility in the same time."""

    expected: Expected
    curve: tuple[DecayPoint, ...]


def profiles(question: ProfileQuestion, sets: Sequence[RuleSet]) -> Profiles:
    """What each rule set means by its last terms."""
    _check_profile(question)
    terms = [one.product.terms[-1] for one in sets]
    _refuse_fills(terms, question.moves)
    rows = one_way_day(terms, question.moves)
    underlying, *legs = two_legs(terms, question.first, question.second)
    found = [
        Profile(
            rules=one.name,
            product=one.product.id,
            target=rules.target,
            note=_note(one.product),
            outlook=outlook(rules, question.price),
            one_way=tuple(row[column] for row in rows),
            legs=both,
        )
        for column, (one, rules, both) in enumerate(zip(sets, terms, legs, strict=True))
    ]
    return Profiles(question.moves, underlying, tuple(found))


def decay_theory(
    leverage: Decimal, drift: Decimal, volatility: Decimal, days: Decimal, fee: Decimal
) -> DecayTheory:
    """The expected return and the curve of decay for a target; `TheoryInputError` for a senseless number."""
    expected = expected_return(leverage, drift, volatility, days, fee=fee)
    with exact():
        curve = tuple(DecayPoint(one, decay(leverage, one, days / 365)) for one in VOLATILITIES)
    return DecayTheory(expected, curve)


def _note(product: Product) -> RiskNote:
    return RiskNote(risk_note(product), risk_note(product, language=Language.CHINESE))


def _check_profile(question: ProfileQuestion) -> None:
    if not 0 < question.price <= 10**12:
        raise ProfileInputError("The price must be above 0 and at most a million millions.")
    if not 1 <= len(question.moves) <= MOST_MOVES:
        raise ProfileInputError(f"Ask for 1 to {MOST_MOVES} moves.")
    if any(not -1 < move <= 100 for move in (*question.moves, question.first, question.second)):
        raise ProfileInputError("A move is a fraction above -1 and at most 100; 0.05 is 5 %.")


def _refuse_fills(terms: Sequence[Terms], moves: Sequence[Decimal]) -> None:
    """Refuse what would take long: triggers so near to the target that they fire all along the way."""
    still = History((0, 1), (ONE, ONE))
    fills = sum(
        most_steps(triggers_alone(rules), still, way_of_move(move), continuous=True)
        for rules in terms
        for move in moves
    )
    if fills > MOST_FILLS:
        raise ProfileInputError(
            f"Over these moves triggers may fire {fills:,} times, more than {MOST_FILLS:,}; ask for fewer or "
            "smaller moves, or for rule sets whose triggers lie further from the target."
        )

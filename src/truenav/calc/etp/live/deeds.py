"""Everything that happens to a running product beside its marks, as values that can be kept and done again.

One function, `done`, carries a deed out: when it happens, and when what was written is computed again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar

from truenav.calc.etp.live.dealing import Settlement, dealt
from truenav.calc.etp.live.hedged import NoProposalError, closed, filled
from truenav.calc.etp.live.state import Fill, LiveProduct, Rebalance
from truenav.calc.etp.live.units import UnitPlan, changed
from truenav.core.failure import ConflictError
from truenav.core.money import Amount


class DeedOrderError(ConflictError):
    """A deed is to be done at another mark than the one it was done after."""

    code = "deed-order"
    title = "This happened at another mark"


@dataclass(frozen=True, slots=True)
class Approved:
    """The proposal of this number may be executed."""

    TAG: ClassVar[str] = "approved"
    number: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """The execution of a proposal stopped, and waits for a person."""

    TAG: ClassVar[str] = "stopped"
    number: int
    why: str


@dataclass(frozen=True, slots=True)
class Filled:
    """Something was traded for the proposal of this number, which need not be the open one any more.

    ``other_fees`` were paid in assets that the product does not hold; they are not in its NAV.
    """

    TAG: ClassVar[str] = "filled"
    number: int
    fill: Fill
    other_fees: tuple[Amount, ...] = ()


@dataclass(frozen=True, slots=True)
class Closed:
    """The proposal of this number is over, done or not; see `truenav.calc.etp.live.hedged.closed`."""

    TAG: ClassVar[str] = "closed"
    number: int
    rests_until: int
    why: str


@dataclass(frozen=True, slots=True)
class Dealt:
    """Units were created or redeemed."""

    TAG: ClassVar[str] = "dealt"
    settlement: Settlement


@dataclass(frozen=True, slots=True)
class Changed:
    """Units were merged or split, once all orders for them were cancelled."""

    TAG: ClassVar[str] = "changed"
    plan: UnitPlan
    cancelled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Halted:
    """The issuer stopped dealing, or let it go on."""

    TAG: ClassVar[str] = "halted"
    halted: bool
    why: str


@dataclass(frozen=True, slots=True)
class Compared:
    """What the venue holds less what the product holds, in underlying; written down when it changes."""

    TAG: ClassVar[str] = "compared"
    unexplained: Decimal


What = Approved | Stopped | Filled | Closed | Dealt | Changed | Halted | Compared


@dataclass(frozen=True, slots=True)
class Deed:
    """``what`` happened ``at`` an instant (microseconds since 1970) by somebody's will, ``by``.

    ``after`` is the place of the last mark before it. An ``id`` is done once.
    """

    id: str
    at: int
    by: str
    after: int
    what: What


def done(live: LiveProduct, deed: Deed) -> tuple[LiveProduct, Rebalance | None]:
    """The product after a deed, and what became of a proposal that it closed.

    Raises what the function behind the deed refuses with; then nothing has changed.
    """
    if deed.after != live.place:
        raise DeedOrderError(
            f"{live.product} is at mark {live.place}; {deed.id} was done after mark {deed.after}."
        )
    match deed.what:
        case Approved(number):
            _refuse_unless_open(live, number)
            return replace(live, approved=number, trouble=""), None
        case Stopped(number, why):
            _refuse_unless_open(live, number)
            return replace(live, approved=None, trouble=why), None
        case Filled(_, fill):
            return filled(live, fill), None
        case Closed(number, rests_until, _):
            _refuse_unless_open(live, number)
            return closed(live, at=deed.at, rests_until=rests_until)
        case Dealt(settlement):
            return dealt(live, settlement), None
        case Changed(plan, cancelled):
            return changed(live, plan, cancelled=cancelled), None
        case Halted(halted):
            return replace(live, halted=halted), None
        case Compared(unexplained):
            return replace(live, unexplained=unexplained), None


def _refuse_unless_open(live: LiveProduct, number: int) -> None:
    if live.proposal is None or live.proposal.number != number:
        raise NoProposalError(
            f"Proposal {number} of {live.product} is not open (any more). Look at the one that is.",
            product=live.product,
        )

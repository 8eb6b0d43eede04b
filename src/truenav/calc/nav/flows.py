"""The facts since the last NAV as quantities, divided among nodes like the holdings themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from truenav.calc.ledger.book import WalletKey, quantities
from truenav.calc.ledger.deltas import Delta, Reason, closing, deltas
from truenav.calc.nav.context import Context, SubjectKey, unassigned_node
from truenav.calc.nav.snapshots import Snapshot
from truenav.calc.portfolio.subbooks import Part, split
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import AccountId, InstrumentId, NodeId
from truenav.core.instrument import UnknownInstrumentError
from truenav.core.money import ZERO, exact
from truenav.core.portfolio import ByTag


@dataclass(frozen=True, slots=True)
class Flow:
    """One change of quantity in the period of this NAV, and the nodes that it belongs to."""

    delta: Delta
    parts: tuple[Part, ...]

    @property
    def key(self) -> SubjectKey:
        """What changed."""
        return (self.delta.account, self.delta.wallet, self.delta.subject, self.delta.is_position)


@dataclass(frozen=True, slots=True)
class Flows:
    """In time order those that facts state; ``by_fund`` those of the accounts that feed a fund.

    ``tagged``: how much of each thing each strategy tag has built up.
    """

    all: tuple[Flow, ...]
    by_fund: Mapping[NodeId, tuple[Flow, ...]]
    tagged: Mapping[SubjectKey, Mapping[str, Decimal]]


def known_deltas(context: Context) -> tuple[tuple[Delta, ...], tuple[Failure, ...]]:
    """The changes that all facts of the run's accounts up to ``as_of`` state, in time order."""
    found: list[Delta] = []
    failures: list[Failure] = []
    in_order = sorted(
        (
            fact
            for fact in context.inputs.facts
            if fact.account in context.accounts and fact.occurred_at <= context.inputs.as_of
        ),
        key=lambda fact: (fact.occurred_at, fact.account, fact.kind, fact.external_id),
    )
    for fact in in_order:
        try:
            found.extend(deltas(fact, context.instruments))
        except UnknownInstrumentError as error:
            failures.append(
                Failure(
                    FailureKind.UNKNOWN_INSTRUMENT,
                    str(error.context.get("instrument", fact.account)),
                    f"{fact.kind} {fact.external_id} of {fact.account} cannot be booked: {error.message}",
                    "Sync the venue's instruments and strike again.",
                )
            )
    return tuple(found), tuple(failures)


def allocate_flows(
    context: Context, changes: tuple[Delta, ...], snapshots: Mapping[WalletKey, Snapshot]
) -> Flows:
    """Divide the changes among nodes and fold the tags.

    The period of a wallet runs from its last NAV's snapshot (without one: from the fund's last NAV) to the
    snapshot of this NAV. An expiry closes the whole position, and so all that tags hold of it; also of a
    position that is closed because its parts offset each other.
    """
    flows: list[Flow] = []
    tagged = {key: dict(tags) for key, tags in context.opening.tagged.items()}
    held = dict(context.opening.quantities)
    with exact():
        for change in changes:
            wallet = (change.account, change.wallet, change.is_position)
            key = (change.account, change.wallet, change.subject, change.is_position)
            delta = closing(change, held.get(key, ZERO))
            opened_at = context.opening.instants.get(wallet)
            if opened_at is not None and delta.occurred_at <= opened_at:
                continue
            snapshot = snapshots.get(wallet)
            if snapshot and snapshot.fact and delta.occurred_at > snapshot.fact.occurred_at:
                continue
            held[key] = held.get(key, ZERO) + delta.quantity
            tags = tagged.setdefault(key, {})
            owned = _owned_by_tags(context, delta, tags)
            for tag, number in owned.items():
                tags[tag] = tags.get(tag, ZERO) + number
            if opened_at is None and _before_last_nav(context, delta):
                continue
            rules = context.rules[AccountId(delta.account)]
            parts = split(rules, delta.subject, delta.quantity, is_position=delta.is_position, tagged=owned)
            flows.append(Flow(delta, parts))
        ended = _ended(context, tagged, snapshots)
    by_fund: dict[NodeId, list[Flow]] = {fund: [] for fund in context.funds}
    fed = {account: _funds_fed(context, account) for account in context.accounts}
    for flow in (*flows, *ended):
        for fund in fed[AccountId(flow.delta.account)]:
            by_fund[fund].append(flow)
    return Flows(tuple(flows), {fund: tuple(some) for fund, some in by_fund.items()}, tagged)


def _ended(
    context: Context, tagged: dict[SubjectKey, dict[str, Decimal]], snapshots: Mapping[WalletKey, Snapshot]
) -> list[Flow]:
    """The end of what tags still hold of closed positions whose contract is over.

    A venue settles nothing where the parts offset each other, so no fact tells of it. Clears those tags.
    """
    found: list[Flow] = []
    for (account, wallet, subject, is_position), tags in tagged.items():
        snapshot = snapshots.get((account, wallet, is_position))
        terms = context.instruments.instruments.get(InstrumentId(subject)) if is_position else None
        if terms is None or terms.expiry_at is None or snapshot is None or snapshot.fact is None:
            continue
        over = terms.expiry_at <= snapshot.fact.occurred_at and subject not in quantities(snapshot.fact)
        if not over or not any(tags.values()):
            continue
        delta = Delta(account, wallet, subject, True, ZERO, Reason.SETTLEMENT, terms.expiry_at, terms.id)
        owned = {tag: -number for tag, number in tags.items()}
        rules = context.rules[AccountId(account)]
        found.append(Flow(delta, split(rules, subject, ZERO, is_position=True, tagged=owned)))
        tags.clear()
    return found


def _funds_fed(context: Context, account: AccountId) -> frozenset[NodeId]:
    nodes = (rule.node for rule in context.rules[account])
    return frozenset(
        {context.home[account], *(context.fund_of[node] for node in nodes if node in context.fund_of)}
    )


def _owned_by_tags(context: Context, delta: Delta, tags: Mapping[str, Decimal]) -> dict[str, Decimal]:
    if delta.is_position and delta.reason is Reason.SETTLEMENT:
        return {tag: -number for tag, number in tags.items() if number}
    rules = context.rules[AccountId(delta.account)]
    ruled = any(isinstance(rule.selector, ByTag) and rule.selector.tag == delta.tag for rule in rules)
    return {delta.tag: delta.quantity} if delta.tag is not None and ruled else {}


def _before_last_nav(context: Context, delta: Delta) -> bool:
    previous = context.opening.funds.get(context.home[AccountId(delta.account)])
    return previous is not None and delta.occurred_at <= previous.as_of


def node_of(context: Context, account: str, part: Part) -> NodeId:
    """The node of a part; what no rule took goes to the account's fund, unassigned."""
    return part.node or unassigned_node(context.home[AccountId(account)])


def fund_of_node(context: Context, account: str, part: Part) -> NodeId | None:
    """The fund of a part; None if it belongs to a fund outside this run."""
    return context.home[AccountId(account)] if part.node is None else context.fund_of.get(part.node)

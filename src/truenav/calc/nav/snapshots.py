"""Which snapshot each wallet is valued from, and how good it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from truenav.calc.ledger.book import WalletKey, latest_snapshots
from truenav.calc.nav.context import Context
from truenav.calc.nav.model import CoverageClass, LineKind, SnapshotUse
from truenav.core.clock import instant_text
from truenav.core.facts import Fact
from truenav.core.failure import Failure, FailureKind
from truenav.core.ids import AccountId

FILE_SOURCE = "file:"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The snapshot of one wallet; ``fact`` None: there is none that may be used."""

    key: WalletKey
    fact: Fact | None
    coverage: CoverageClass

    @property
    def use(self) -> SnapshotUse:
        """What the result says about it."""
        account, wallet, is_position = self.key
        return SnapshotUse(
            account,
            wallet,
            LineKind.POSITION if is_position else LineKind.BALANCE,
            self.fact.occurred_at if self.fact else None,
            self.coverage,
            self.fact.evidence if self.fact else None,
        )


def choose_snapshots(
    context: Context, positions_expected: Iterable[WalletKey]
) -> tuple[Mapping[WalletKey, Snapshot], tuple[Failure, ...]]:
    """The snapshot of each wallet, sorted by key, and what is wrong with them.

    Every wallet of an account needs balances; positions are needed of the wallets in
    ``positions_expected``, and used wherever there are some. Too old by the policy means stale, far too
    old means missing.
    """
    inputs = context.inputs
    found = latest_snapshots(inputs.facts, inputs.as_of)
    wanted: set[WalletKey] = {
        (one.id, wallet, False) for one in context.accounts.values() for wallet in one.wallets
    }
    wanted |= {key for key in positions_expected if AccountId(key[0]) in context.accounts}
    wanted |= {key for key in found if AccountId(key[0]) in context.accounts}
    chosen: dict[WalletKey, Snapshot] = {}
    failures: list[Failure] = []
    for key in sorted(wanted):
        chosen[key], failure = _judge(context, key, found.get(key))
        if failure is not None:
            failures.append(failure)
    return chosen, tuple(failures)


def _judge(context: Context, key: WalletKey, fact: Fact | None) -> tuple[Snapshot, Failure | None]:
    policy = context.inputs.policy
    name = f"{key[0]}/{key[1]}"
    what = "positions" if key[2] else "balances"
    if fact is None:
        return Snapshot(key, None, CoverageClass.MISSING), Failure(
            FailureKind.ACCOUNT_UNREAD,
            name,
            f"The {what} of {name} were never read.{_value_unknown(context, key)}",
            "Gather the account again, or import a snapshot.",
        )
    age = context.inputs.as_of - fact.occurred_at
    if age > timedelta(seconds=policy.snapshot_unusable_seconds):
        return Snapshot(key, None, CoverageClass.MISSING), Failure(
            FailureKind.ACCOUNT_UNREAD,
            name,
            f"The last {what} of {name} are of {instant_text(fact.occurred_at)}, too old to be used."
            f"{_value_unknown(context, key)}",
            "Gather the account again, or import a snapshot.",
            since_at=fact.occurred_at,
        )
    if age > timedelta(seconds=policy.snapshot_stale_seconds):
        return Snapshot(key, fact, CoverageClass.STALE), Failure(
            FailureKind.ACCOUNT_STALE,
            name,
            f"The {what} of {name} are of {instant_text(fact.occurred_at)}.",
            "Gather the account again.",
            blocking=False,
            since_at=fact.occurred_at,
        )
    imported = fact.source.startswith(FILE_SOURCE)
    return Snapshot(key, fact, CoverageClass.IMPORTED if imported else CoverageClass.API), None


def _value_unknown(context: Context, key: WalletKey) -> str:
    if key in context.opening.instants:
        return ""
    return " Its value is unknown: no earlier NAV shows it."

"""What stands against publishing a result, and what changed between two of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from truenav.calc.nav.model import FundNav, NavResult, Quality, ReconciliationStatus
from truenav.core.ids import NodeId
from truenav.core.money import ZERO, exact, to_text

FEE = "fee"
"""Kind of a difference in what a class owes its manager."""


@dataclass(frozen=True, slots=True)
class LineDifference:
    """One line of two results that is not the same; all value differences of a fund sum to its NAV's.

    ``kind`` is that of the line, or ``fee`` with a share class as ``subject``. None: there was no such
    line, or its value or price is unknown; in ``difference_usd`` an unknown value counts as nothing, as it
    does in the NAV.
    """

    fund: NodeId
    node: str
    account: str
    wallet: str
    kind: str
    subject: str
    tag: str | None
    old_quantity: Decimal | None
    new_quantity: Decimal | None
    old_price_usd: Decimal | None
    new_price_usd: Decimal | None
    old_value_usd: Decimal | None
    new_value_usd: Decimal | None
    difference_usd: Decimal


_Place = tuple[NodeId, str, str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Figures:
    quantity: Decimal
    price_usd: Decimal | None
    value_usd: Decimal | None


def publishable(result: NavResult) -> tuple[str, ...]:
    """Every reason not to publish, as sentences; empty when nothing stands against it."""
    reasons = [f"{one.message} {one.mend}" for one in result.failures if one.blocking]
    if result.quality is Quality.PROVISIONAL:
        for fund in result.funds:
            if fund.coverage.stale or fund.coverage.missing:
                reasons.append(
                    f"{fund.fund} is provisional: {to_text(fund.coverage.stale)} of its value is stale and "
                    f"{to_text(fund.coverage.missing)} missing. Gather its accounts and prices again."
                )
        reasons = reasons or ["The result is provisional; strike again."]
    for fund in result.funds:
        for row in fund.reconciliation:
            if row.status is ReconciliationStatus.BREAK:
                reasons.append(
                    f"{row.subject} in {row.account}/{row.wallet} does not reconcile: "
                    f"{to_text(row.difference or ZERO)} unexplained. Find the missing facts."
                )
    return tuple(reasons)


def differences(old: NavResult, new: NavResult) -> tuple[LineDifference, ...]:
    """What a restatement changes, line by line over the union of both, sorted by fund and place."""
    before = {place: figures for fund in old.funds for place, figures in _lines(fund)}
    after = {place: figures for fund in new.funds for place, figures in _lines(fund)}
    found = []
    with exact():
        for place in sorted(before.keys() | after.keys()):
            one, two = before.get(place), after.get(place)
            if one == two:
                continue
            fund, node, account, wallet, kind, subject, tag = place
            value_before, value_after = (one.value_usd if one else None), (two.value_usd if two else None)
            found.append(
                LineDifference(
                    fund=fund,
                    node=node,
                    account=account,
                    wallet=wallet,
                    kind=kind,
                    subject=subject,
                    tag=tag or None,
                    old_quantity=one.quantity if one else None,
                    new_quantity=two.quantity if two else None,
                    old_price_usd=one.price_usd if one else None,
                    new_price_usd=two.price_usd if two else None,
                    old_value_usd=value_before,
                    new_value_usd=value_after,
                    difference_usd=(value_after or ZERO) - (value_before or ZERO),
                )
            )
    return tuple(found)


def _lines(fund: FundNav) -> Iterable[tuple[_Place, _Figures]]:
    """The lines of a fund by place, legs of one position together; owed fees are negative lines."""
    found: dict[_Place, _Figures] = {}
    with exact():
        for line in fund.lines:
            place = (
                fund.fund,
                line.node,
                line.account,
                line.wallet,
                line.kind.value,
                line.subject,
                line.tag or "",
            )
            known = found.get(place)
            if known is None:
                found[place] = _Figures(line.quantity, line.price_usd, line.value_usd)
                continue
            value = line.value_usd
            if known.value_usd is not None:
                value = known.value_usd + (line.value_usd or ZERO)
            found[place] = _Figures(known.quantity + line.quantity, line.price_usd, value)
        for one in fund.classes:
            place = (fund.fund, fund.fund, "", "", FEE, one.share_class, "")
            found[place] = _Figures(one.units, None, -one.accrued_fee_usd)
    return found.items()

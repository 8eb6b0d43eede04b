from datetime import timedelta
from decimal import Decimal

from tests.calc.nav.conftest import DAY, PERP, START, House

from truenav.calc.nav.model import NavResult, ReconciliationStatus
from truenav.core.asset import BTC, ETH, USDT
from truenav.core.facts import CashKind

HOUR = timedelta(hours=1)
NEXT = START + DAY
Status = ReconciliationStatus


def rows(result: NavResult) -> dict[str, tuple[ReconciliationStatus, Decimal | None]]:
    return {one.subject: (one.status, one.difference) for one in result.root.reconciliation}


def test_first_nav_has_nothing_to_compare_with(simple: House) -> None:
    result = simple.strike("alpha", START)
    assert rows(result) == {BTC: (Status.NO_OPENING, None), USDT: (Status.NO_OPENING, None)}
    assert result.breaks == 0


def test_union_of_both_sides(simple: House) -> None:
    simple.positions("okx-1", START)
    first = simple.strike("alpha", START)
    simple.cash("okx-1", START + HOUR, CashKind.FUNDING, "5", USDT)
    simple.prices(NEXT, {ETH: "2500", USDT: "1"})
    simple.mark(NEXT, PERP, "50000")
    simple.balances("okx-1", NEXT, {ETH: "2", USDT: "10005"})
    simple.positions("okx-1", NEXT, (PERP, "3", "50000"))
    result = simple.strike("alpha", NEXT, first.funds)
    assert rows(result) == {
        BTC: (Status.BREAK, Decimal(-1)),
        ETH: (Status.BREAK, Decimal(2)),
        USDT: (Status.OK, Decimal(0)),
        PERP: (Status.BREAK, Decimal(3)),
    }
    assert result.breaks == 3
    assert len([one for one in result.failures if one.subject == "okx-1/main"]) == 3


def test_tolerance_is_in_units_of_the_asset(simple: House) -> None:
    first = simple.strike("alpha", START)
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "10000.01"})
    assert simple.strike("alpha", NEXT, first.funds).breaks == 1
    simple.policy = type(simple.policy)("test", reconciliation_tolerance=Decimal("0.01"))
    assert simple.strike("alpha", NEXT, first.funds).breaks == 0


def test_facts_count_from_snapshot_to_snapshot_not_from_nav_to_nav(simple: House) -> None:
    at = START + HOUR / 6
    first = simple.strike("alpha", at)
    # After the opening snapshot, before the opening NAV; at the closing snapshot; after it, before the NAV.
    simple.cash("okx-1", START + HOUR / 12, CashKind.FUNDING, "1", USDT)
    simple.cash("okx-1", NEXT, CashKind.FUNDING, "2", USDT)
    simple.cash("okx-1", NEXT + HOUR / 12, CashKind.FUNDING, "4", USDT)
    simple.prices(NEXT, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", NEXT, {BTC: "1", USDT: "10003"})
    second = simple.strike("alpha", NEXT + HOUR / 6, first.funds)
    assert rows(second)[USDT] == (Status.OK, 0)
    assert [one.taken_at for one in second.root.snapshots] == [NEXT]


def test_unread_wallet_is_not_a_break(simple: House) -> None:
    first = simple.strike("alpha", START)
    at = START + 2 * DAY
    simple.prices(at, {BTC: "50000", USDT: "1"})
    result = simple.strike("alpha", at, first.funds)
    assert rows(result) == {BTC: (Status.UNREAD, None), USDT: (Status.UNREAD, None)}
    assert result.breaks == 0


def test_wallet_that_showed_positions_must_show_them_again(simple: House) -> None:
    simple.positions("okx-1", START)
    first = simple.strike("alpha", START)
    at = START + 2 * DAY
    simple.prices(at, {BTC: "50000", USDT: "1"})
    simple.balances("okx-1", at, {BTC: "1", USDT: "10000"})
    result = simple.strike("alpha", at, first.funds)
    assert [one.message.split(" of ")[0] for one in result.failures if one.blocking] == ["The last positions"]

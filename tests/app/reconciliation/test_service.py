"""Whole accounts: snapshots against facts over both sides, and how complete each account is."""

from __future__ import annotations

from decimal import Decimal

import pytest

from truenav.access.policy import Principal
from truenav.app.completeness.windows import checked_until
from truenav.app.reconciliation import service
from truenav.app.reconciliation.service import Completeness, ReconciledRow, TransferRow
from truenav.app.sight import Sight
from truenav.calc.ledger.breaks import BreakKind
from truenav.core.facts import TransferKind
from truenav.core.failure import NotFoundError
from truenav.core.ids import AccountId, UserId

from .conftest import MAIN, Desk, at, held, moved


def anna(desk: Desk) -> Principal:
    return Principal(UserId("anna"), desk.tenant, frozenset({"manager"}))


def rows(desk: Desk, account: str = MAIN, **options: bool) -> tuple[ReconciledRow, ...]:
    with desk.house.database.transaction(desk.tenant) as session:
        return service.reconcile(session, desk.house, anna(desk), AccountId(account), **options)  # type: ignore[arg-type]


def transfers(desk: Desk, sight: Sight = Sight()) -> tuple[TransferRow, ...]:  # noqa: B008 - frozen
    with desk.house.database.transaction(desk.tenant) as session:
        return service.list_transfers(session, desk.house, anna(desk), sight, since=at(-1), until=at(9999))


def test_an_account_from_its_first_snapshot_to_its_last(desk: Desk) -> None:
    desk.learn(held(0, "10"), moved(30, "3"), held(60, "13"), moved(90, "-1"), held(120, "12"))
    (row,) = rows(desk)
    assert (row.status, row.opening_at, row.closing_at) == ("ok", at(0), at(120))
    assert [row.opening, row.facts, row.closing, row.difference] == [10, 2, 12, 0]
    assert (row.fact_count, row.windows, row.broken, row.cause) == (2, 2, 0, None)


def test_a_break_names_its_cause_and_its_evidence(desk: Desk) -> None:
    stray = moved(61, "-3", account="vault")
    desk.learn(held(0, "10"), held(60, "10"), held(120, "13"), stray)
    (row,) = rows(desk)
    assert (row.status, str(row.difference), row.windows, row.broken) == ("break", "3", 2, 1)
    assert (row.cause, row.evidence) == (BreakKind.MISSING_FACT, (stray.content_hash,))


def test_both_sides_count_and_nothing_is_compared_with_what_was_not_read(desk: Desk) -> None:
    desk.learn(moved(30, "3", wallet="usdm"), held(0, "10"))
    assert {(row.wallet, row.status) for row in rows(desk)} == {("spot", "no_opening"), ("usdm", "unread")}


def test_from_nothing_an_account_without_history_does_not_add_up(desk: Desk) -> None:
    desk.learn(moved(1, "4"), held(60, "10"))
    (row,) = rows(desk, from_nothing=True)
    assert (row.status, str(row.difference), row.cause) == ("break", "6", BreakKind.UNKNOWN)


def test_an_account_out_of_sight_is_not_found(desk: Desk) -> None:
    with desk.house.database.transaction(desk.tenant) as session, pytest.raises(NotFoundError):
        service.reconcile(session, desk.house, anna(desk), MAIN, sight=Sight(nodes=frozenset({"x"})))
    with pytest.raises(NotFoundError):
        rows(desk, "nowhere")


def test_a_source_is_unchecked_complete_or_open(desk: Desk) -> None:
    def state() -> tuple[Completeness, int]:
        with desk.house.database.transaction(desk.tenant) as session:
            found = service.list_sources(session, anna(desk), Sight(), now=at(0))
        (main,) = (one for one in found if one.account == MAIN)
        return main.completeness, main.open_issues

    assert state() == (Completeness.UNCHECKED, 0)
    desk.gather(0, held(0, "10"))
    assert state() == (Completeness.COMPLETE, 0)
    desk.gather(60, held(60, "13"))
    assert state() == (Completeness.OPEN, 1)


def test_a_look_at_the_whole_history_keeps_what_it_finds_and_closes_what_it_does_not(desk: Desk) -> None:
    desk.learn(held(0, "10"), held(600, "12"), held(1200, "12"))

    def look() -> int:
        with desk.house.database.transaction(desk.tenant) as session:
            return service.record(session, desk.house, desk.tenant, MAIN)

    assert (look(), desk.states()) == (1, ["open"])
    desk.learn(moved(300, "2"))
    assert (look(), desk.states()) == (0, ["fixed"])
    with desk.house.database.transaction(desk.tenant) as session:
        assert checked_until(session, MAIN) == {(MAIN, "spot", False): at(1200)}


def test_transfers_are_listed_with_what_became_of_them_to_who_sees_both_ends(desk: Desk) -> None:
    desk.learn(
        moved(0, "-5", txid="t"),
        moved(90, "4.5", account="vault", txid="t"),
        moved(200, "-7", kind=TransferKind.INTERNAL),
    )
    pair, alone = transfers(desk)
    assert (pair.status, pair.by, pair.sent_from, pair.received_in) == (
        "own_transfer",
        "txid",
        "main/spot",
        "vault/spot",
    )
    assert [pair.sent_amount, pair.received_amount, pair.lost, pair.seconds] == [
        -5,
        Decimal("4.5"),
        Decimal("0.5"),
        5400,
    ]
    assert (alone.status, alone.received) == ("unmatched_transfer", None)
    seen = transfers(desk, Sight(nodes=frozenset({"x"}), accounts=frozenset({MAIN})))
    assert [row.status for row in seen] == ["unmatched_transfer"]

"""Legs without the other one, own transfers that are called external, and how a person confirms them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from truenav.access.policy import Principal
from truenav.app.completeness.transfers import check_transfers, transfers
from truenav.app.reconciliation.confirm import confirm_pair
from truenav.calc.ledger.matching import match_transfers
from truenav.core.facts import Fact, Transfer, TransferKind
from truenav.core.failure import ForbiddenError, InvalidInputError
from truenav.core.ids import UserId
from truenav.store.issues import Issue
from truenav.store.journal import Journal

from .conftest import Desk, at, moved

DAY = 24 * 60


def check(desk: Desk, minutes: float) -> list[Issue]:
    desk.clock.instant = at(minutes)
    with desk.house.database.transaction(desk.tenant) as session:
        check_transfers(session, Journal(session, desk.house.objects, desk.tenant), now=at(minutes))
    return desk.issues()


def person(desk: Desk, role: str) -> Principal:
    return Principal(UserId("anna"), desk.tenant, frozenset({role}))


def confirm(desk: Desk, sent: Fact, received: Fact, role: str = "finance") -> None:
    with desk.house.database.transaction(desk.tenant) as session:
        confirm_pair(
            session,
            desk.house,
            person(desk, role),
            sent.content_hash,
            received.content_hash,
            reason="both accounts are ours",
        )


def test_a_leg_without_the_other_is_told_after_a_while_and_fixed_when_the_other_comes(desk: Desk) -> None:
    desk.learn(moved(0, "-5", kind=TransferKind.INTERNAL))
    assert check(desk, 5) == []
    (issue,) = check(desk, 30)
    assert (issue.kind, issue.subject, issue.state) == ("unmatched_transfer", "main", "open")
    assert check(desk, 40) == [issue]
    desk.learn(moved(1, "5", account="vault", kind=TransferKind.INTERNAL))
    assert [one.state for one in check(desk, 50)] == ["fixed"]


def test_an_own_transfer_that_is_called_external_is_told_and_a_correction_makes_it_internal(
    desk: Desk,
) -> None:
    sent, received = moved(0, "-5", txid="t"), moved(90, "5", account="vault", txid="T")
    desk.learn(sent, received)
    (issue,) = check(desk, 100)
    assert (issue.kind, issue.state, issue.subject) == ("own_transfer", "open", "main and vault")
    assert sent.content_hash in issue.mend
    with pytest.raises(ForbiddenError):
        confirm(desk, sent, received, role="auditor")
    confirm(desk, sent, received)
    assert [one.state for one in check(desk, 110)] == ["fixed"]
    with desk.house.database.transaction(desk.tenant) as session:
        journal = Journal(session, desk.house.objects, desk.tenant)
        known = transfers(journal)
        bodies = [one.body for one in known if isinstance(one.body, Transfer)]
        assert [(one.kind, one.counterpart) for one in bodies] == [
            (TransferKind.INTERNAL, "vault/spot"),
            (TransferKind.INTERNAL, "main/spot"),
        ]
        assert [str(one.amount.number) for one in bodies] == ["-5", "5"]
        assert match_transfers(known).pairs[0].external_legs == ()
        assert journal.get(sent.content_hash).fact == replace(sent)  # the original stays readable


def test_two_facts_that_are_not_one_transfer_are_not_confirmed(desk: Desk) -> None:
    sent, other = moved(0, "-5"), moved(9, "7", account="vault")
    desk.learn(sent, other)
    with pytest.raises(InvalidInputError, match="cannot be one transfer"):
        confirm(desk, sent, other)


def test_equal_possibilities_are_told_once(desk: Desk) -> None:
    desk.learn(moved(0, "-5"), moved(9, "5", account="vault"), moved(9, "5", account="other"))
    (issue,) = check(desk, 30)
    assert issue.kind == "ambiguous_transfer"
    assert check(desk, 40) == [issue]


def test_what_lies_before_the_time_that_is_looked_at_stays_as_it_is(desk: Desk) -> None:
    desk.learn(moved(0, "-5", kind=TransferKind.INTERNAL))
    check(desk, 30)
    assert [one.state for one in check(desk, 60 * DAY)] == ["open"]
    assert check(desk, 60 * DAY)[0].opened_at == at(30)


def test_a_withdrawal_to_somebody_else_is_nobodys_issue(desk: Desk) -> None:
    desk.learn(moved(0, "-5"), moved(9, "7", account="vault"))
    assert check(desk, 10 * DAY) == []

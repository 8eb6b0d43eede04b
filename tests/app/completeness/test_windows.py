"""After each gathering: a window that does not add up is an issue, until it does or is explained."""

from __future__ import annotations

import json
from dataclasses import replace

from truenav.access.policy import Principal
from truenav.app.completeness.settle import GATHERING
from truenav.app.completeness.windows import MOST_ISSUES, checked_until
from truenav.app.sources.entries import enter
from truenav.core.facts import Body, Fact, Void
from truenav.core.ids import UserId
from truenav.store import audit, issues
from truenav.store.audit import AuditSearch
from truenav.store.issues import IssueState

from .conftest import MAIN, Desk, at, fact, held, moved


def test_windows_that_add_up_are_checked_and_say_nothing(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(10, moved(5, "3"), held(10, "13"))
    assert desk.issues() == []
    with desk.house.database.transaction(desk.tenant) as session:
        assert checked_until(session, MAIN) == {(MAIN, "spot", False): at(10)}


def test_a_window_that_does_not_add_up_is_told_once_however_often_it_is_seen(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(60, held(60, "13"))
    desk.gather(120, held(120, "13"))
    desk.gather(120, held(120, "13"))
    (issue,) = desk.issues()
    assert (issue.state, issue.blocking, issue.subject) == ("open", False, MAIN)
    assert "the difference is 3" in issue.message
    told = json.loads(issue.detail)
    assert (told["opening"], told["facts"], told["closing"], told["difference"]) == ("10", "0", "13", "3")


def test_a_fact_that_is_learned_later_mends_the_window_and_the_trail_says_who(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(60, held(60, "13"))
    desk.learn(moved(30, "3"))
    desk.gather(120, held(120, "13"))
    (issue,) = desk.issues()
    assert (issue.state, issue.closed_by) == (IssueState.FIXED, GATHERING)
    with desk.house.database.transaction(desk.tenant) as session:
        (entry,) = audit.entries(session, search=AuditSearch(action="issue.fixed"))
        assert entry.subject == issue.id


def test_a_mended_window_that_breaks_again_is_open_again(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(60, held(60, "13"))
    mended = moved(30, "3")
    desk.learn(mended)
    desk.gather(120, held(120, "13"))
    void = Void("it was another account's")
    desk.learn(replace(fact(30, void, name="void"), supersedes=mended.content_hash))
    # Another late fact in the same window has it judged anew.
    desk.gather(180, moved(40, "0.5"), moved(41, "-0.5"), held(180, "13"))
    assert [(one.state, one.closed_by) for one in desk.issues()] == [("open", None)]


def test_a_fact_that_comes_late_breaks_a_window_that_was_judged_already(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(60, held(60, "10"))
    desk.gather(300, moved(30, "3"), held(300, "10"))
    (issue,) = desk.issues()
    assert (issue.state, json.loads(issue.detail)["difference"]) == ("open", "-3")


def test_what_came_late_with_a_gathering_that_did_not_end_is_judged_by_the_next(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(60, held(60, "10"))
    desk.record(90, moved(40, "1"))
    desk.record(100, moved(30, "2"))
    assert desk.issues() == []
    desk.gather(300, held(300, "10"))
    (issue,) = desk.issues()
    assert (issue.state, json.loads(issue.detail)["difference"]) == ("open", "-3")
    desk.gather(360, held(360, "10"))
    assert desk.states() == ["open"]


def test_a_deposit_dated_before_the_snapshot_that_lacks_it_is_timing_and_explained(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(60, held(60, "10"))
    desk.gather(120, moved(59, "3"), held(120, "13"))
    found = desk.issues()
    assert [one.state for one in found] == [IssueState.EXPLAINED] * 2
    assert all("Timing" in (one.explanation or "") for one in found)


def test_what_a_person_explained_stays_explained(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(60, held(60, "13"))
    (issue,) = desk.issues()
    with desk.house.database.transaction(desk.tenant) as session:
        issues.close(
            session, issue.id, IssueState.EXPLAINED, by="anna", at=at(61), explanation="a gift of the venue"
        )
    desk.gather(120, moved(1, "0.5"), moved(2, "-0.5"), held(120, "13"))
    (same,) = desk.issues()
    assert (same.state, same.closed_by) == (IssueState.EXPLAINED, "anna")


def test_snapshots_without_history_wait_for_the_next_whole_gathering(desk: Desk) -> None:
    desk.gather(0, held(0, "10"))
    desk.gather(10, held(10, "13"), history=False)
    assert desk.issues() == []
    desk.gather(20, moved(5, "3"), held(20, "14"))
    (issue,) = desk.issues()
    told = json.loads(issue.detail)
    assert (told["opening"], told["closing"], told["difference"]) == ("13", "14", "1")


def test_each_wallet_is_judged_by_its_own_snapshots(desk: Desk) -> None:
    desk.gather(0, held(0, "10"), held(0, "5", "usdm"))
    out, into = moved(5, "-4"), moved(5, "4", wallet="usdm")
    desk.gather(10, out, into, held(10, "6"), held(10, "9", "usdm"))
    assert desk.issues() == []
    desk.gather(60, held(60, "6"), held(60, "8", "usdm"))
    (issue,) = desk.issues()
    assert json.loads(issue.detail)["wallet"] == "usdm"


def correct(desk: Desk, wrong: Fact, body: Body) -> Fact:
    anna = Principal(UserId("anna"), desk.tenant, frozenset({"finance"}))
    with desk.house.database.transaction(desk.tenant) as session:
        recorded = enter(
            session,
            desk.house,
            anna,
            body,
            occurred_at=wrong.occurred_at,
            reason="as the statement says",
            account=MAIN,
            supersedes=wrong.content_hash,
        )
    return recorded.fact


def test_a_correction_is_judged_at_once_whichever_way_it_turns_out(desk: Desk) -> None:
    right = moved(30, "3")
    desk.gather(0, held(0, "10"))
    desk.gather(60, right, held(60, "13"))
    desk.gather(120, held(120, "14"))  # another window, which the corrections leave alone
    wrong = correct(desk, right, moved(30, "2").body)
    assert sorted(desk.states()) == ["open", "open"]
    again = correct(desk, wrong, right.body)
    assert sorted(desk.states()) == ["fixed", "open"]
    correct(desk, again, Void("it was another account's"))
    assert sorted(desk.states()) == ["fixed", "open", "open"]


def test_an_account_that_never_adds_up_does_not_drown_the_others(desk: Desk) -> None:
    desk.gather(0, held(0, "0"))
    steps = [held(10 * n, str(n)) for n in range(1, MOST_ISSUES + 20)]
    desk.gather(10 * MOST_ISSUES + 300, *steps)
    found = desk.issues()
    assert len(found) == MOST_ISSUES + 1
    assert any("not all are told singly" in one.message for one in found)

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from truenav.access.actions import ACTIONS, ROLES
from truenav.access.policy import (
    Principal,
    Resource,
    allowed_actions,
    authorize,
    may,
    parse_roles,
    parse_scopes,
    rights_table,
)
from truenav.access.users import system_principal
from truenav.core.failure import ForbiddenError, InvalidInputError

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "access.md"

roles = st.frozensets(st.sampled_from(sorted(ROLES)), max_size=4)
names = st.text(max_size=12)
actions = st.sampled_from(sorted(ACTIONS))


def _who(*roles, user="anna", tenant="house", **more):
    return Principal(user, tenant, frozenset(roles), user.title(), **more)


def test_the_page_shows_the_table_that_the_policies_give():
    assert rights_table() in PAGE.read_text("utf-8"), (
        "write truenav.access.policy.rights_table() into the page"
    )


def test_the_maker_of_a_run_may_not_approve_it_but_a_second_person_may():
    run = Resource("house", "run", "run-1", maker="anna")
    authorize(_who("finance", user="ben"), "nav:approve", run)
    with pytest.raises(ForbiddenError, match="a second person must"):
        authorize(_who("finance", "manager", "risk", user="anna"), "nav:approve", run)


def test_a_schedule_strikes_but_never_approves():
    system = system_principal("house")
    authorize(system, "nav:strike")
    assert not may(system, "nav:approve", Resource("house", "run", "run-1", maker="anna"))


def test_an_administrator_makes_and_checks_no_figures():
    rights = allowed_actions(_who("administrator"))
    assert not {"nav:strike", "nav:approve", "nav:publish", "manual:write"} & set(rights)


def test_nobody_changes_their_own_roles():
    own = Resource("house", "user", "anna")
    with pytest.raises(ForbiddenError, match="another administrator"):
        authorize(_who("administrator"), "user:write", own)
    authorize(_who("administrator", user="ben"), "user:write", own)


def test_a_token_does_what_its_scopes_and_its_owners_roles_both_allow():
    reader = _who("finance", scopes=frozenset({"nav:read", "audit:read"}), via="token")
    assert allowed_actions(reader) == ("nav:read",)


def test_a_token_cannot_make_another_token():
    assert not may(_who("finance", scopes=frozenset(ACTIONS), via="token"), "self:write")
    assert may(_who("finance"), "self:write")


def test_the_refusal_says_who_what_and_why():
    with pytest.raises(ForbiddenError) as refusal:
        authorize(_who("auditor"), "nav:publish")
    assert refusal.value.message == (
        "Anna may not do this: publish an approved NAV. No role of theirs allows it."
    )


@given(roles, actions, names, names)
def test_no_role_reaches_into_another_tenant(held, action, kind, maker):
    assert not may(_who(*held), action, Resource("other", kind, "x", maker))


@given(roles, actions, st.frozensets(actions))
def test_no_token_does_more_than_its_scopes(held, action, scopes):
    if may(_who(*held, scopes=scopes, via="token"), action):
        assert action in scopes
        assert may(_who(*held), action)


@given(roles, names)
def test_nobody_approves_their_own_whatever_they_are_called(held, user):
    assert not may(_who(*held, user=user), "nav:approve", Resource("house", "run", "r", maker=user))


@given(names, actions)
def test_unknown_actions_and_roles_are_refused(name, action):
    if name not in ACTIONS:
        assert not may(_who(*ROLES), name)
    if name not in ROLES:
        assert not may(_who(name), action)


def test_what_the_policies_cannot_evaluate_is_refused():
    assert not may(Principal("anna", 7, frozenset({"manager"})), "nav:read", Resource(7))
    assert not may(_who("manager", via=None), "nav:read")


def test_role_and_scope_names_are_checked_and_sorted():
    assert parse_roles(["risk", "finance", "risk"]) == ("finance", "risk")
    for bad in ([], ["boss"]):
        with pytest.raises(InvalidInputError, match="known: "):
            parse_roles(bad)
    with pytest.raises(InvalidInputError, match="is not a scope"):
        parse_scopes(["nav:*"])

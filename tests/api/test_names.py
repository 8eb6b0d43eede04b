"""Names and notes through the API: endless ones and control characters are refused wherever one is sent."""

from __future__ import annotations

import pytest

from .conftest import DEFINITIONS

LONG, TOO_LONG = "x" * 200, "x" * 10_000
BAD = [TOO_LONG, "two\nlines", "a\u0007bell", "a\u001b[31mred", "a\u0085b"]
AT = "2026-01-31T07:00:00Z"


def _entry(**body):
    whole = {"is": "manual_item", "node": "carry", "kind": "other", "reason": "seen", **body}
    amount = {"number": "1", "asset": "iso4217:USD"}
    return {"body": {"amount": amount, **whole}, "occurred_at": AT, "reason": "seen"}


def _node(name):
    return "PUT", "nodes/carry", {**DEFINITIONS["nodes/carry"], "name": name}


WRITERS = {
    "node": _node,
    "account": lambda name: ("PUT", "accounts/desk", {**DEFINITIONS["accounts/desk"], "name": name}),
    "venue": lambda name: ("PUT", "accounts/desk", {**DEFINITIONS["accounts/desk"], "venue": name}),
    "class": lambda name: ("PUT", "classes/alpha-a", {**DEFINITIONS["classes/alpha-a"], "name": name}),
    "tag": lambda name: (
        "PUT",
        "rules/desk%231",
        {"account": "desk", "rank": 1, "node": "carry", "selector": {"is": "tag", "tag": name}},
    ),
    "asset": lambda name: (
        "PUT",
        "assets/eip155:1%2Ferc20:0xabc",
        {"id": "eip155:1/erc20:0xabc", "symbol": "ABC", "name": name, "kind": "crypto", "decimals": 18},
    ),
    "view": lambda name: ("POST", "views", {"page": "explore", "name": name, "body": {}, "shared": False}),
    "token": lambda name: ("POST", "tokens", {"name": name, "scopes": ["nav:read"]}),
    "connection": lambda name: ("PUT", "connections/ecb", {"connector": name, "since": AT}),
    "entry": lambda name: ("POST", "entries", {**_entry(), "external_id": name}),
}
NOTES = {
    "reason of an entry": lambda note: ("POST", "entries", {**_entry(), "reason": note}),
    "reason of a manual item": lambda note: ("POST", "entries", _entry(reason=note)),
}
OF_ADMINISTRATORS = {
    "user": lambda name: (
        "POST",
        "users",
        {
            "id": "new",
            "name": name,
            "email": "new@house.test",
            "roles": ["risk"],
            "password": "nine.blue.kettles",
        },
    ),
    "user, changed": lambda name: ("PATCH", "users/max", {"name": name}),
    "role": lambda name: ("PUT", "roles/reader", {"name": name, "actions": ["nav:read"]}),
}


def _send(client, request):
    method, path, body = request
    return client.request(method, f"/api/v1/{path}", json=body)


@pytest.mark.parametrize("what", WRITERS)
def test_a_name_has_an_end_and_no_control_characters(fund, what):
    for bad in BAD:
        answer = _send(fund.maker, WRITERS[what](bad))
        assert answer.status_code == 422, (what, bad[:20], answer.text)
        assert len(answer.content) < 2_000
    if what != "connection":  # there is none with such a connector
        assert _send(fund.maker, WRITERS[what](LONG)).status_code in (200, 201)


@pytest.mark.parametrize("what", OF_ADMINISTRATORS)
def test_so_have_names_that_administrators_give(fund, admin, what):
    for bad in BAD:
        assert _send(admin, OF_ADMINISTRATORS[what](bad)).status_code == 422, (what, bad[:20])
    assert _send(admin, OF_ADMINISTRATORS[what](LONG)).status_code in (200, 201)


@pytest.mark.parametrize("what", NOTES)
def test_a_note_may_have_lines_and_has_an_end(fund, what):
    for bad in (TOO_LONG, "a\u0007bell", "a\u001b[31mred"):
        assert _send(fund.maker, NOTES[what](bad)).status_code == 422, bad[:20]
    assert _send(fund.maker, NOTES[what]("first\nsecond " + "x" * 1_900)).status_code == 201


def test_the_refusal_names_the_thing_and_the_field(fund):
    told = _send(fund.maker, _node(TOO_LONG)).json()["detail"]
    assert told == "node 'carry'.name: 10000 characters are too many; write at most 200."


@pytest.mark.parametrize("bad", [TOO_LONG, "a\u001b[31mred"])
def test_a_file_with_such_a_name_is_refused_with_its_line_and_column(fund, bad):
    rows = f"account,name,venue,kind,wallets\ndesk,Desk,bank,bank,main\nvault,{bad},bank,bank,main\n"
    assert fund.upload("accounts.csv", rows).status_code == 422
    report = fund.upload("accounts.csv", rows, path="imports/check").json()
    assert [(one["line"], one["column"]) for one in report["problems"]] == [(3, "name")]


@pytest.mark.parametrize("path", ["imports", "imports/check", "imports/jobs"])
def test_an_endless_file_name_is_refused(fund, path):
    refused = fund.upload(f"balances.{LONG}.csv", "account,as_of,asset,amount\n", path=path)
    assert refused.status_code == 422
    assert "200" in refused.json()["detail"]

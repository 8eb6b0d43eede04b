"""A custodian that is nothing but a mapping: the same facts, whatever it signs with and however it pages."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal

import pytest
from tests.connect.custody.standin import CONTEXT, desk, held, moved
from tests.connect.custody.standin_rest import KEY, SECRET, Acme

from truenav.connect.contract import ConfigurableConnector, Credentials, Right
from truenav.connect.custody.contract import Custodian
from truenav.connect.custody.rest.mapping import BadMappingError, read_mapping
from truenav.connect.custody.rest.parse import LIST, MAPPING
from truenav.connect.registry import configured, connector, parse
from truenav.core.asset import BTC, USDT
from truenav.core.facts import TransferKind
from truenav.core.failure import InvalidInputError
from truenav.core.money import Amount

AUTHS = {
    "bearer": {"is": "bearer"},
    "header": {"is": "header", "headers": {"X-Api-Key": "{key}"}},
    "hmac": {
        "is": "hmac",
        "headers": {"X-Key": "{key}", "X-Time": "{timestamp}", "X-Sign": "{signature}"},
        "message": "{timestamp}{method}{path_query}",
        "digest": "sha512",
        "signature": "base64",
        "secret": "base64",
    },
}
PAGINGS = {
    "none": None,
    "cursor": {"is": "cursor", "param": "cursor", "next": "next"},
    "page": {"is": "page", "param": "page", "size": 2, "size_param": "size"},
    "offset": {"is": "offset", "param": "offset", "size": 2, "size_param": "size"},
}


def mapping(auth="hmac", paging="cursor", **more):
    given = {
        "name": "Acme Custody",
        "base_url": "https://api.acme.example",
        "auth": AUTHS[auth] if isinstance(auth, str) else auth,
        "assets": {"TETHER": "USDT"},
        "balances": {
            "path": "/v1/holdings",
            "rows": "result.items",
            "vault": "wallet",
            "asset": "coin",
            "total": ["free", "held"],
            "locked": ["held"],
            "paging": PAGINGS[paging],
        },
        "transactions": {
            "path": "/v1/moves",
            "rows": "result.items",
            "id": "ref",
            "time": "done",
            "created": "made",
            "time_form": "ms",
            "vault": "wallet",
            "asset": "coin",
            "amount": "qty",
            "direction": {"field": "kind", "incoming": ["IN"], "outgoing": ["OUT"]},
            "status": {"field": "state", "done": ["OK"], "approval": ["SIGN"], "dead": ["NO"]},
            "fee": "chain.fees.0.qty",
            "fee_asset": "chain.fees.0.coin",
            "txid": "chain.hash",
            "counterpart": "party.address",
            "other_vault": "party.wallet",
            "since": {"param": "from", "form": "ms"},
            "paging": PAGINGS[paging],
        },
    }
    return json.dumps({**given, **more})


def run(acme, scenario, text=None):
    source = configured("rest", text or mapping(acme.auth, acme.paging))

    async def inside():
        async with desk("rest", acme, Credentials(KEY, SECRET), source) as place:
            return await scenario(place)

    return asyncio.run(inside())


WHOLE = {("main", "BTC"): "3.0", ("main", "USDT"): "100.25", ("cold", "BTC"): "7"}


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize("paging", PAGINGS)
def test_the_same_facts_whatever_signs_and_however_it_pages(auth, paging):
    got = run(Acme(auth, paging), lambda place: place.gather("main", "cold"))
    assert not got.failures
    assert not got.problems
    assert held(got) == WHOLE
    moves = moved(got)
    assert set(moves) == {"tx:in:in", "tx:out:out", "tx:there:out", "tx:here:in", "tx:last:in"}
    assert moves["tx:out:out"].fee == Amount(Decimal("-0.0001"), BTC)
    assert (moves["tx:out:out"].txid, moves["tx:out:out"].counterpart) == ("ee02", "bc1qparty")
    assert (moves["tx:there:out"].kind, moves["tx:there:out"].counterpart) == (TransferKind.INTERNAL, "cold")
    assert moves["tx:here:in"].counterpart == "main"
    assert moves["tx:last:in"].amount == Amount(Decimal("10.5"), USDT)
    assert next(iter(got.cursors.values())).id == "asked"


def test_balances_may_be_asked_for_vault_by_vault():
    acme = Acme()
    given = json.loads(mapping())
    given["balances"] = {
        **{key: value for key, value in given["balances"].items() if key != "vault"},
        "path": "/v1/wallets/{vault}/holdings",
    }
    got = run(acme, lambda place: place.gather("main", "cold", "empty"), json.dumps(given))
    assert not got.failures
    assert held(got) == WHOLE
    assert "empty" in {fact.body.wallet for fact in got.facts}


def test_the_mapping_beside_the_bytes_is_all_that_a_verifier_needs():
    async def scenario(place):
        return await place.gather("main", "cold"), list(place.archived)

    got, archived = run(Acme(), scenario)
    bodies = {payload.evidence.sha256: payload.body for payload in archived}
    assert all(dict(one.request.params)[MAPPING] == read_mapping(mapping()).text for one in got.evidence)
    again = [fact for one in got.evidence for fact in parse(one, bodies[one.sha256], CONTEXT).facts]
    assert {fact.content_hash for fact in again} == {fact.content_hash for fact in got.facts}
    (one,) = (one for one in got.evidence if dict(one.request.params)[LIST] == "balances")
    earlier = parse(one, b'{"pages":%b}' % bodies[one.sha256], CONTEXT).facts
    assert earlier == parse(one, bodies[one.sha256], CONTEXT).facts != ()
    assert SECRET not in repr([one.evidence for one in archived])
    assert "acme-secret" not in repr([one.evidence for one in archived])


def test_what_waits_is_shown_and_read_again():
    acme = Acme()

    async def scenario(place):
        first = await place.gather("main")
        shown = await place.connector.approvals(
            place.transport(), place.account("main"), place.credentials, CONTEXT
        )
        acme.moves[4]["state"] = "OK"
        return first, shown, await place.gather("main", cursors=first.cursors)

    _, (approval,), second = run(acme, scenario)
    assert (approval.id, approval.amount.number) == ("asked", Decimal("0.25"))
    assert "tx:asked:out" in moved(second)
    assert next(iter(second.cursors.values())).id == "last"


def test_a_word_that_the_mapping_does_not_name_is_a_loss():
    acme = Acme()
    acme.moves[0]["state"] = "MAYBE"
    acme.moves[1]["kind"] = "SIDEWAYS"
    got = run(acme, lambda place: place.gather("main"))
    assert sorted(one.message for one in got.problems if one.lost) == [
        "The mapping does not tell whether the transaction out came in or went out.",
        "The status 'MAYBE' of the transaction in is not in the mapping.",
    ]
    assert not got.cursors


@pytest.mark.parametrize(
    ("status", "body"), [(429, b"{}"), (500, b"{}"), (200, b"<html></html>"), (200, b"{")]
)
def test_a_fault_is_asked_again(status, body):
    async def scenario(place):
        acme.fail(status, body)
        return await place.gather("main"), place.naps

    acme = Acme()
    got, naps = run(acme, scenario)
    assert not got.failures
    assert naps


def test_a_page_that_comes_twice_is_not_taken():
    acme = Acme()
    acme.duplicate_page = True
    got = run(acme, lambda place: place.gather("main"))
    assert any("came twice" in one.message for one in got.failures)
    assert not held(got)


def test_the_key_check_lists_what_the_mapping_can_list():
    check = run(Acme(), lambda place: place.connector.check_key(place.transport(""), place.credentials))
    assert (check.read, check.account_types) == (Right.YES, ("main", "cold"))


WRONG = {
    "line 1, column 1": "no json",
    "base_url": mapping(base_url="ftp://acme"),
    "auth.message": mapping(auth={**AUTHS["hmac"], "message": "{time}"}),
    "no header carries": mapping(auth={**AUTHS["hmac"], "headers": {"X-Key": "{key}"}}),
    "is no header": mapping(auth={"is": "header", "headers": {"X Key\n": "{key}"}}),
    "requests_a_minute": mapping(requests_a_minute=0),
    "balances.path": mapping(balances={"path": "v1", "rows": "", "asset": "a", "total": ["t"], "vault": "v"}),
    "one of both": mapping(balances={"path": "/v1", "rows": "", "asset": "a", "total": ["t"]}),
    "balances.total": mapping(balances={"path": "/v1", "rows": "", "asset": "a", "total": [], "vault": "v"}),
    "asset": mapping(balances={"path": "/v1", "rows": "", "total": ["t"], "vault": "v"}),
    "surprise": mapping(surprise=1),
}


@pytest.mark.parametrize("place", WRONG)
def test_a_mapping_that_cannot_be_followed_names_the_place(place):
    with pytest.raises(BadMappingError, match=place.replace(".", r"\.")):
        read_mapping(WRONG[place])


def test_settings_belong_to_connectors_that_take_them():
    assert isinstance(connector("rest"), ConfigurableConnector)
    assert isinstance(connector("rest"), Custodian)
    with pytest.raises(InvalidInputError, match="needs settings"):
        configured("rest", "")
    with pytest.raises(InvalidInputError, match="takes no settings"):
        configured("fireblocks", "{}")
    assert configured("okx", "") is connector("okx")

"""A Fireblocks workspace: what its vaults hold, what moved, what waits, and what it does when it fails."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.connect.custody.standin import CONTEXT, START, desk, held, moved
from tests.connect.custody.standin_fireblocks import KEY, Fireblocks, pem

from truenav.connect.contract import Credentials, Right
from truenav.connect.registry import connector, parse
from truenav.core.asset import BTC, ETH
from truenav.core.clock import to_milliseconds
from truenav.core.facts import CashKind, TransferKind
from truenav.core.money import Amount

PAYLOADS = Path(__file__).parents[2] / "payloads" / "fireblocks"
T0 = to_milliseconds(START) - 86_400_000


def documented(name):
    return json.loads((PAYLOADS / name).read_text())


@pytest.fixture
def workspace():
    return Fireblocks(documented("vaults.json")["accounts"], documented("transactions.json"))


@pytest.fixture
def credentials():
    return Credentials(KEY, pem()[0])


def run(workspace, credentials, scenario):
    async def inside():
        async with desk("fireblocks", workspace, credentials) as place:
            return await scenario(place)

    return asyncio.run(inside())


def test_vaults_and_transactions_of_the_account_become_facts(workspace, credentials):
    got = run(workspace, credentials, lambda place: place.gather("0", "7"))
    assert not got.failures
    assert held(got) == {("0", "BTC"): "12.5", ("0", "ETH"): "100.25", ("7", "BTC"): "2.75"}
    moves = moved(got)
    out, back = moves["tx:internal:out"], moves["tx:internal:in"]
    assert (out.wallet, out.amount, out.kind, out.counterpart) == (
        "0",
        Amount(Decimal("-2.75"), BTC),
        TransferKind.INTERNAL,
        "7",
    )
    assert out.fee == Amount(Decimal("-0.00021"), BTC)
    assert (back.wallet, back.amount, back.counterpart, back.fee) == ("7", -out.amount, "0", None)
    deposit = moves["tx:deposit:in"]
    assert (deposit.kind, deposit.counterpart, deposit.txid) == (TransferKind.EXTERNAL, "bc1qsender", "aa01")
    assert moves["tx:batch:out"].counterpart == "external_wallet:Payee A"
    assert moves["tx:batch/1:out"].amount == Amount(Decimal("-0.2"), BTC)
    assert moves["tx:batch/1:out"].fee is None
    assert moves["tx:gross:out"].amount == Amount(Decimal("-0.9995"), ETH)
    assert moves["tx:reverted:fee"].kind is CashKind.FEE
    assert moves["tx:swap:out"].amount == Amount(Decimal("-1.5"), ETH)
    assert not {"tx:waiting:out", "tx:rejected:out"} & moves.keys()


def test_a_vault_that_is_no_wallet_is_told_and_a_wallet_that_is_no_vault_fails(workspace, credentials):
    got = run(workspace, credentials, lambda place: place.gather("0", "99"))
    assert {one.subject for one in got.problems} >= {"fireblocks:7"}
    assert [one.message for one in got.failures] == ["Fireblocks lists no vault '99' for this key"]


def test_what_is_under_way_holds_the_cursor_and_is_read_when_it_completes(workspace, credentials):
    async def scenario(place):
        first = await place.gather("0", "7")
        (cursor,) = first.cursors.values()
        assert cursor.id == "waiting"
        for one in workspace.transactions:
            if one["id"] == "waiting":
                one.update(status="COMPLETED", txHash="bb09", lastUpdated=one["createdAt"] + 60_000)
        second = await place.gather("0", "7", cursors=first.cursors)
        return first, second

    first, second = run(workspace, credentials, scenario)
    assert "tx:waiting:out" in moved(second)
    assert next(iter(second.cursors.values())).id == "later"
    again = {fact.key_hash: fact.content_hash for fact in first.facts}
    assert all(again.get(f.key_hash, f.content_hash) == f.content_hash for f in second.facts)


def test_other_vaults_read_their_history_from_its_beginning(workspace, credentials):
    async def scenario(place):
        first = await place.gather("0")
        return await place.gather("0", "7", cursors=first.cursors)

    assert "tx:deposit:in" in moved(run(workspace, credentials, scenario))


def test_who_must_still_approve_is_shown(workspace, credentials):
    (approval,) = run(
        workspace,
        credentials,
        lambda place: place.connector.approvals(
            place.transport(), place.account("0"), place.credentials, CONTEXT
        ),
    )
    assert (approval.id, approval.vault, approval.destination) == ("waiting", "0", "Cold wallet")
    assert approval.amount == Amount(Decimal("3"), BTC)
    assert approval.approved_by == ("user-anna",)
    assert approval.waiting_for == ("user-ben", "user-chen")


@pytest.mark.parametrize(
    ("status", "body"), [(429, b"{}"), (503, b"{}"), (200, b"<html>maintenance</html>"), (200, b"[{")]
)
def test_a_fault_is_asked_again_with_a_new_token_and_archived(workspace, credentials, status, body):
    async def scenario(place):
        workspace.fail(status, body, retry_after="2")
        got = await place.gather("0", "7")
        return got, [payload.evidence.status for payload in place.archived], place.naps

    got, statuses, naps = run(workspace, credentials, scenario)
    assert not got.failures
    assert statuses[0] == status
    assert naps


def test_a_page_that_comes_twice_is_not_taken(workspace, credentials):
    workspace.vaults_a_page = 1
    workspace.duplicate_page = True
    got = run(workspace, credentials, lambda place: place.gather("0"))
    assert any("came twice" in one.message for one in got.failures)
    assert not held(got)


def test_a_wrong_key_is_named(workspace, credentials):
    got = run(workspace, Credentials("other", credentials.secret), lambda place: place.gather("0"))
    assert {"not accepted" in one.message for one in got.failures} == {True}
    torn = run(workspace, Credentials(KEY, "no PEM"), lambda place: place.gather("0"))
    assert {"PEM" in one.message for one in torn.failures} == {True}


def test_a_key_that_lost_its_line_ends_in_a_field_is_read(workspace, credentials):
    flat = Credentials(KEY, credentials.secret.replace("\n", " "))
    assert not run(workspace, flat, lambda place: place.gather("0", "7")).failures


def test_the_key_check_reads_and_says_what_it_cannot_know(workspace, credentials):
    check = run(
        workspace,
        credentials,
        lambda place: place.connector.check_key(place.transport(""), place.credentials),
    )
    assert (check.read, check.withdraw) == (Right.YES, Right.UNVERIFIED)
    assert "7" in check.account_types


def test_archived_bytes_replay_to_the_same_facts_and_hold_no_secret(workspace, credentials):
    async def scenario(place):
        return await place.gather("0", "7"), list(place.archived)

    got, archived = run(workspace, credentials, scenario)
    bodies = {payload.evidence.sha256: payload.body for payload in archived}
    again = [fact for one in got.evidence for fact in parse(one, bodies[one.sha256], CONTEXT).facts]
    assert {fact.content_hash for fact in again} == {fact.content_hash for fact in got.facts}
    assert not any("Bearer" in repr(one.evidence) or "PRIVATE" in repr(one.evidence) for one in archived)


def test_an_amount_the_vendor_does_not_know_is_a_loss_and_holds_the_cursor(workspace, credentials):
    workspace.transactions = [{**workspace.transactions[0], "amountInfo": {"netAmount": "-1"}}]
    got = run(workspace, credentials, lambda place: place.gather("0", "7"))
    assert [one.lost for one in got.problems if "tells no amount" in one.message] == [True]
    assert not got.cursors


@pytest.mark.nightly  # the package takes seconds to load
def test_our_requests_are_those_of_the_vendors_package():
    from fireblocks.api.transactions_api import TransactionsApi
    from fireblocks.api.vaults_api import VaultsApi
    from fireblocks.models.transaction_response import TransactionResponse
    from fireblocks.models.vault_accounts_paged_response import VaultAccountsPagedResponse

    urls = []

    class Spy:
        def select_header_accept(self, kinds):
            return kinds[0]

        def param_serialize(self, **given):
            urls.append((given["resource_path"], dict(given["query_params"])))

    none = dict.fromkeys(("_request_auth", "_content_type", "_headers", "_host_index"))
    TransactionsApi(Spy())._get_transactions_serialize(
        **none,
        **dict.fromkeys(("next", "prev", "before", "source_type", "source_id", "dest_type", "dest_id")),
        **dict.fromkeys(("assets", "tx_hash", "source_wallet_id", "dest_wallet_id", "status")),
        after="1",
        order_by="createdAt",
        sort="ASC",
        limit="500",
    )
    assert urls == [("/transactions", {"after": "1", "orderBy": "createdAt", "sort": "ASC", "limit": "500"})]
    assert VaultsApi is not None
    assert VaultAccountsPagedResponse.from_dict(documented("vaults.json")).accounts[0].id == "0"
    read = [TransactionResponse.from_dict(one) for one in documented("transactions.json")]
    assert [one.id for one in read] == [one["id"] for one in documented("transactions.json")]


def test_the_manifest_is_a_custodians():
    from truenav.connect.custody.contract import Custodian

    assert isinstance(connector("fireblocks"), Custodian)

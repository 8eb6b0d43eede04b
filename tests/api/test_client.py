"""The Python client against the application itself."""

from __future__ import annotations

import httpx
import pytest
from tests.api.conftest import InProcess

from truenav.app.proof.verify import Verdict
from truenav.client import Client, NotInTimeError, RefusedError, ServerUnreachableError

SCOPES = ["nav:read", "nav:strike", "nav:approve", "nav:publish", "job:read"]


@pytest.fixture
def people(fund):
    """Clients of the maker and of the checker."""
    made = []
    for person in (fund.maker, fund.checker):
        issued = person.post("/api/v1/tokens", json={"name": "program", "scopes": SCOPES}).json()
        transport = InProcess(fund.installation.app, fund.installation.portal, "192.0.2.9")
        made.append(Client("http://truenav.test/", issued["secret"], transport=transport))
    with made[0] as maker, made[1] as checker:
        yield maker, checker


def test_from_strike_to_a_bundle_that_verifies_here(fund, people):
    maker, checker = people
    struck = maker.strike("alpha")
    fund.work(struck.job, "nav.advance", run=struck.id)
    run = maker.wait(struck)
    assert str(maker.result(run).root.nav_usd) == "1000001.5"
    with pytest.raises(RefusedError, match="second person") as refused:
        maker.approve(run)
    assert refused.value.status_code == 403
    published = checker.publish(checker.approve(run, note="checked against the bank"))
    bundle = checker.bundle(published)
    assert Client.verify(bundle, key=maker.signing_key()).verdict is Verdict.IDENTICAL
    assert Client.verify(bundle).verdict is Verdict.SIGNER_NOT_VERIFIED
    assert Client.verify(bundle[:-1]).verdict is Verdict.DIFFERENT


def test_the_same_key_strikes_once(people):
    maker, _ = people
    assert (
        maker.strike("alpha", idempotency_key="close").id == maker.strike("alpha", idempotency_key="close").id
    )
    assert maker.strike("alpha").id != maker.strike("alpha").id


def test_waiting_ends_with_the_reason(fund, people):
    maker, _ = people
    struck = maker.strike("alpha")
    with pytest.raises(NotInTimeError):
        maker.wait(struck, timeout_seconds=0)
    fund.maker.delete("/api/v1/rules/desk%230")
    fund.maker.delete("/api/v1/classes/alpha-a")
    fund.maker.delete("/api/v1/nodes/carry")
    fund.maker.delete("/api/v1/nodes/alpha")
    with pytest.raises(Exception, match="does not exist"):
        fund.work(struck.job, "nav.advance", run=struck.id)
    with pytest.raises(RefusedError, match="does not exist"):
        maker.wait(struck)


def test_a_server_that_does_not_answer_or_is_another_is_told_as_such():
    def silent(request):
        raise httpx.ConnectError("refused")

    def page(request):
        return httpx.Response(502, text="<html>")

    for handler, told in ((silent, "ConnectError"), (page, "502")):
        transport = httpx.MockTransport(handler)
        with (
            Client("http://127.0.0.1:9", "tn_x", transport=transport) as client,
            pytest.raises((ServerUnreachableError, RefusedError), match=told),
        ):
            client.run("r")

"""The bundle of a product that was run here: out of its journal, for its whole life."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.app.trading.desk import DESK

from truenav.app.etp import reading
from truenav.app.etp.proof.exporting import product_bundle
from truenav.app.proof.verify import Verdict, verify_bundle
from truenav.app.sight import Sight
from truenav.connect.contract import Payload
from truenav.connect.registry import parse
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.ids import Sha256, TenantId
from truenav.store.definitions import DefinitionNotFoundError

from ..listings import listing

D = Decimal
EVERYTHING = Sight()


def _told(following, price: object, seconds: int) -> None:
    """A mark arrives in a message as the venue's stream sends it."""
    at = following.listing().opened_at + timedelta(seconds=seconds)
    following.trading.clock.set(max(following.trading.clock.now(), at))
    data = {"e": "markPriceUpdate", "E": round(at.timestamp() * 1000), "s": "BTCUSDT", "p": str(price)}
    message = {"stream": "btcusdt@markPrice@1s", "data": {**data, "i": str(price)}}
    body = json.dumps(message, separators=(",", ":")).encode()
    now, asked = following.trading.clock.now(), Request("GET", "wss://venue.test")
    sha = Sha256(sha256_hex(body))
    meta = Evidence(sha, len(body), "binance", "1", "usdm.stream.markPrice/1", "", asked, now, now, 200)
    following.products._keep(Payload(meta, body))
    following.products._take(parse(meta, body, following.products.known.context).facts)


def _exported(following, *, sight: Sight = EVERYTHING, tenant: TenantId | None = None) -> bytes:
    house, person = following.trading.house, following.person("fay", "finance")
    with house.database.transaction(tenant or following.trading.tenant) as session:
        found = reading.find_ever_listed(session, person, sight, "btc3l")
        return product_bundle(session, house, person, found)


def test_a_venue_that_tells_executions_late_leaves_a_product_that_can_be_proven(following):
    following.trading.fault("empty_page", path="userTrades", times=2)
    opened = following.trading.clock.now()
    following.list(listing(opened_at=opened, hedge_account=DESK, automatic_up_to=D(1_000_000)))
    _told(following, following.trading.mark(), 0)
    following.tended()
    following.tended()
    following.written()
    assert following.running().live.proposal is None
    assert verify_bundle(_exported(following)).verdict is Verdict.SIGNER_NOT_VERIFIED


@pytest.fixture
def lived(following):
    """A hedged product through its first purchase, under two versions of its listing."""
    opened = following.trading.clock.now()
    following.list(listing(opened_at=opened, hedge_account=DESK, automatic_up_to=D(1_000_000)))
    _told(following, following.trading.mark(), 0)
    following.tended()
    following.written()
    following.list(listing(opened_at=opened, hedge_account=DESK, automatic_up_to=D(1)))
    _told(following, following.trading.mark(), 5)
    following.written()
    return following


def test_a_product_is_proven_from_its_journal_and_still_is_when_it_has_ended(lived):
    whole = verify_bundle(_exported(lived))
    assert (whole.verdict, whole.product) == (Verdict.SIGNER_NOT_VERIFIED, "btc3l")
    lived.ends()
    after = verify_bundle(_exported(lived))
    marks, deeds = 2, 3
    assert (after.verdict, after.facts, after.payloads) == (whole.verdict, marks + deeds, marks + 1)


def test_the_bundle_of_a_product_that_ended_stays_behind_the_walls_it_was_listed_in(lived):
    lived.ends()
    with pytest.raises(DefinitionNotFoundError):
        _exported(lived, sight=Sight(frozenset({"elsewhere"})))
    with pytest.raises(DefinitionNotFoundError):
        _exported(lived, tenant=TenantId("somebody-else"))

"""Manual entries: archived bytes that state exactly one fact."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from truenav.connect.contract import ParseContext
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.manual.entry import ManualEntry, entry_payload
from truenav.connect.registry import parse
from truenav.core.asset import BTC, USD, AssetBook
from truenav.core.facts import ManualItem, ManualKind, Quote, QuoteKind, Void
from truenav.core.instrument import InstrumentBook
from truenav.core.money import Amount

CONTEXT = ParseContext(AssetBook((), ()), InstrumentBook(()))
AT = datetime(2026, 1, 1, tzinfo=UTC)
ITEM = ManualItem("fund-a", ManualKind.AIRDROP, Amount(Decimal("12.5"), BTC), "airdrop of January")
ENTRY = ManualEntry("item-1", "fund-a", AT, ITEM, "anna", "told by the issuer", AT)


def read(entry):
    payload = entry_payload(entry)
    return parse(payload.evidence, payload.body, CONTEXT)


def test_an_entry_states_its_one_fact():
    (fact,) = read(ENTRY).facts
    assert fact.source == "manual"
    assert (fact.account, fact.external_id, fact.occurred_at, fact.body) == ("fund-a", "item-1", AT, ITEM)
    assert fact.evidence == entry_payload(ENTRY).evidence.sha256


def test_a_void_names_what_it_voids():
    void = replace(ENTRY, body=Void("entered twice"))
    with pytest.raises(MalformedPayloadError):
        read(void)
    (fact,) = read(replace(void, supersedes="ab" * 32)).facts
    assert fact.supersedes == "ab" * 32


def test_a_manual_quote_is_of_the_manual_kind():
    quote = Quote(BTC, USD, QuoteKind.MANUAL, Decimal(42000), reason="no market")
    assert read(replace(ENTRY, body=quote)).facts
    with pytest.raises(MalformedPayloadError):
        read(replace(ENTRY, body=replace(quote, kind=QuoteKind.LAST)))


def test_without_a_reason_nothing_is_stated():
    with pytest.raises(MalformedPayloadError):
        read(replace(ENTRY, reason=" "))

"""What an index is made of, as people see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

from tests.app.nav.bundle_sample import BTC, USDT, content

from truenav.app.pricing.indices import index_compositions
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import Sha256
from truenav.core.policy import IndexDefinition, PriceSource


def test_a_venue_far_from_the_median_is_shown_as_cut_and_a_silent_one_as_missing():
    inputs = content().inputs
    said = {"north": "50000", "south": "50100", "east": "50050", "far": "52000"}
    late = ("late", "50060")
    names = [*said, "late", "silent"]
    index = IndexDefinition(
        "BTC",
        BTC,
        USDT,
        tuple(PriceSource(name, QuoteKind.LAST, USDT) for name in names),
        outlier_cut=Decimal("0.02"),
        stale_after_seconds=60,
    )
    facts = [_quote(inputs.as_of - timedelta(seconds=9), name, price) for name, price in said.items()] + [
        _quote(inputs.as_of - timedelta(hours=2), *late)
    ]
    pricing = replace(inputs.pricing, indices=(index,))
    (found,) = index_compositions(replace(inputs, facts=tuple(facts), pricing=pricing))
    assert found.price == Decimal(50050)
    assert found.median == Decimal(50075)
    assert {one.venue: one.state for one in found.venues} == {
        "north": "used",
        "south": "used",
        "east": "used",
        "far": "outlier",
        "late": "stale",
        "silent": "missing",
    }
    far = next(one for one in found.venues if one.venue == "far")
    assert far.deviation is not None
    assert round(far.deviation, 4) == Decimal("0.0384")
    assert far.age_seconds == 9


def _quote(at, source, price):
    body = Quote(BTC, USDT, QuoteKind.LAST, Decimal(price))
    return Fact(source, "", f"{source}-1", at, body, Sha256("0" * 64))

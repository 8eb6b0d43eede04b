"""A gold connector says of every item whether it is read, and shows what it was tested with."""

import runpy
from pathlib import Path

import pytest

from truenav.connect.registry import connector, connector_names, unified_names
from truenav.connect.supplies import ITEMS, PAYLOADS, Origin, Supplied, Supply, absent, read, unsaid

ROOT = Path(__file__).parents[2]
DECLARED = [name for name in (*connector_names(), *unified_names()) if connector(name).manifest.supplies]


def test_an_item_without_a_row_a_row_twice_and_an_unknown_item_are_named():
    rows = absent("no such thing", *(item for item in ITEMS if item != "borrowed"))
    again = read("instruments", "instruments.json", Origin.OURS)
    assert unsaid((*rows, again, Supply("gold", Supplied.ABSENT))) == ("borrowed", "gold", "instruments")


@pytest.mark.parametrize("venue", DECLARED)
def test_a_manifest_says_of_every_item_whether_it_is_read(venue):
    assert unsaid(connector(venue).manifest.supplies) == ()


@pytest.mark.parametrize("venue", DECLARED)
def test_what_is_read_was_tested_with_a_payload_that_is_there(venue):
    for supply in connector(venue).manifest.supplies:
        if supply.state is Supplied.READ:
            assert supply.origin is not None, supply.item
            assert (ROOT / PAYLOADS / venue / supply.payload).is_file(), supply.item
        else:
            assert supply.note, supply.item


@pytest.mark.parametrize("venue", unified_names())
def test_a_venue_of_ccxt_claims_nothing_that_was_tested(venue):
    found = connector(venue).manifest
    assert found.grade == "silver"
    assert {supply.state for supply in found.supplies} <= set(Supplied) - {Supplied.READ}


def test_the_page_of_venues_says_what_the_manifests_say():
    page = runpy.run_path(str(ROOT / "scripts" / "venues.py"))["page"]()
    written = (ROOT / "docs" / "reference" / "venues.md").read_text(encoding="utf-8")
    assert written == page, "Run scripts/venues.py: a manifest has changed."

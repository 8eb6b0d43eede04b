"""``truenav instrument``: the instrument master, which venues fill and people correct."""

from __future__ import annotations

from truenav.cli.definitions import Noun, definition_group

INSTRUMENT = Noun(
    "instrument",
    "truenav.app.sources.catalogues:INSTRUMENTS",
    ("id", "kind", "multiplier", "inverse", "settle", "expiry_at", "valid_from", "valid_to"),
)

instrument = definition_group(
    "instrument",
    INSTRUMENT,
    help="Contract terms and the dates for which they hold. Gathering fills them; delisted ones stay.",
)

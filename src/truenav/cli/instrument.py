"""``truenav instrument``: the instrument master, which venues fill and people correct."""

from __future__ import annotations

import click

from truenav.cli.common import desk, output_option, say, show
from truenav.cli.definitions import Noun, definition_group
from truenav.core.ids import InstrumentId
from truenav.core.money import rounded

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


@instrument.command()
@click.argument("id")
@output_option
def tiers(*, id: str, output: str) -> None:
    """Show the leverage tiers of ID as its venue told them last: how much margin a position needs by size."""
    from truenav.app.sight import sight_of
    from truenav.app.sources.tiers import told_tiers

    with desk() as here, here.transaction() as session:
        sight = sight_of(session, here.principal)
        told = told_tiers(session, here.house, here.principal, sight, InstrumentId(id))
    found = told.tiers
    caps = (*(step.floor for step in found.steps[1:]), found.limit)
    if output == "table":
        source = "by a rule that the venue publishes" if found.own else "by the venue"
        say(f"{id}, measured in {found.measure}, told {source} at {told.told_at:%Y-%m-%d %H:%M} UTC:")
    show(
        [
            {
                "from": step.floor,
                "to": cap,
                "maintenance": step.maintenance,
                "initial": None if step.initial is None else rounded(step.initial, 6),
                "deduction": step.deduction,
            }
            for step, cap in zip(found.steps, caps, strict=True)
        ],
        output,
    )

"""What all readers of Hyperliquid's answers share."""

from __future__ import annotations

from truenav.connect.cefi.hyperliquid.manifest import MANIFEST
from truenav.connect.contract import Problem
from truenav.connect.reading import Reading
from truenav.core.ids import InstrumentId
from truenav.core.instrument import instrument_id

VENUE = MANIFEST.name
MAIN, STAKING, VAULTS = "main", "staking", "vaults"
USDC, HYPE = "USDC", "HYPE"
_FOREIGN = (":", "#")


def hyperliquid_id(coin: str) -> InstrumentId:
    """Id of a market: ``BTC`` and ``kPEPE`` are perpetuals, ``@107`` and ``PURR/USDC`` pairs."""
    return instrument_id(VENUE, coin)


def is_foreign(coin: str) -> bool:
    """Whether a market is not read: another builder's (``xyz:TSLA``), or an outcome's (``#14730``)."""
    return any(mark in coin for mark in _FOREIGN)


def tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note something that people must know and that hides no fact."""
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)


def tell_foreign(reading: Reading, coin: str, what: str) -> None:
    """Tell once for each of other builders' dexes that something of it is left out."""
    dex = coin.partition(":")[0] if ":" in coin else "outcome markets"
    tell(
        reading,
        f"{VENUE}:{dex[:40]}",
        f"{what} of {dex[:40]!r} are not read: of perpetuals only those of the venue's own dex are.",
        "Enter what lies there as a manual item, or move it to the venue's own dex.",
    )

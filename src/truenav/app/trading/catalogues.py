"""What accounts may trade, as definitions; without limits an account only reduces."""

from __future__ import annotations

from truenav.app.catalogue import Catalogue
from truenav.app.sources.context import parse_context
from truenav.app.trading.limits import TradingLimits
from truenav.core.account import Account
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind


def _check(session: Session, limits: TradingLimits) -> None:
    """Refuse limits of an account, or on an instrument, that nobody knows."""
    definitions.get(session, Kind.ACCOUNT, limits.account, Account)
    instruments = parse_context(session).instruments
    for one in limits.instruments:
        instruments.get(one)


LIMITS = Catalogue(
    Kind.TRADING_LIMITS,
    TradingLimits,
    "trade:read",
    "trade:limit",
    lambda limits: limits.account,
    _check,
    lambda sight, limits: sight.sees_account(limits.account),
)

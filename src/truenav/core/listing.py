"""A leveraged product that is run here: by whose rules, on whose prices, hedged in which account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.core.ids import AccountId, InstrumentId, NodeId
from truenav.core.product import Product


@dataclass(frozen=True, slots=True)
class Listing:
    """What its issuer decides about a product beside its rules.

    Its assets belong to ``node`` of the portfolio tree. Marks are those of ``instrument``, in which the
    exposure is held, too, in the ``hedge_account`` (None: the model is the product, and nothing is traded).
    At ``opened_at``, ``opening_units`` were issued at ``opening_nav`` each, in the rules' quote asset. Orders
    on the secondary market are priced in steps of ``tick``. A rebalance whose notional is at most
    ``automatic_up_to`` is executed without a person's approval; every larger one waits (None: all wait). What
    is ``disclosed`` can be read by the public. Its units are ``traded_as`` a spot instrument (None: on no
    venue that is known), for a ``maker_fee`` and ``taker_fee``, shares of the amount (None: not known). With
    ``published_rates`` it is financed at the rates that the venue publishes of the instrument, else at that
    of its rules.
    """

    id: str
    node: NodeId
    product: Product
    instrument: InstrumentId
    opened_at: datetime
    opening_nav: Decimal
    opening_units: Decimal
    tick: Decimal
    hedge_account: AccountId | None = None
    automatic_up_to: Decimal | None = None
    disclosed: bool = False
    published_rates: bool = False
    traded_as: InstrumentId | None = None
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None

"""What all readers of Coinbase's answers share: amounts, instants, joined pages, and names of markets."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal

from truenav.connect.cefi.coinbase.manifest import MANIFEST
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.clock import parse_instant
from truenav.core.contracts import dated_name
from truenav.core.failure import InvalidInputError
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id

VENUE = MANIFEST.name
SPOT, FUTURES, EARN = MANIFEST.wallets
INTERNATIONAL = "-INTX"
"""End of the names of contracts that were traded here until October 2026."""
_US_FUTURE = "-CDE"
_EXPIRY_TIME = time(16, tzinfo=UTC)

IN_ACCOUNTS = frozenset({"", "ACCOUNT_TYPE_WALLET", "ACCOUNT_TYPE_FIAT", "ACCOUNT_TYPE_VAULT"})
"""Kinds of positions of a portfolio that its list of accounts has, too."""
EARNING = frozenset(
    {
        "ACCOUNT_TYPE_STAKED_FUNDS",
        "ACCOUNT_TYPE_DEFI_YIELD",
        "ACCOUNT_TYPE_LENT_FUNDS",
        "ACCOUNT_TYPE_RETAIL_DEFI_LEND",
        "ACCOUNT_TYPE_FIAT_SAVINGS",
    }
)
"""Kinds that only the portfolio tells: what is staked or lent."""
BY_FUTURES = frozenset(
    {
        "ACCOUNT_TYPE_DERIVATIVES_CASH",
        "ACCOUNT_TYPE_DERIVATIVES_EQUITY",
        "ACCOUNT_TYPE_DERIVATIVES_TRANSFER",
    }
)
"""Kinds that the futures balance tells."""


def market_id(code: str) -> InstrumentId:
    """Id of a pair or contract; their names differ."""
    return instrument_id(VENUE, code)


def documents(body: bytes) -> Iterator[Node]:
    """The answer in ``body``, or those of which it is joined."""
    document = read_json(body)
    yield from document.items() if isinstance(document.value, list) else [document]


def rows(document: Node, name: str) -> list[Node]:
    """The rows of a list; some are null where they are empty."""
    found = document.maybe(name)
    return [] if found is None else list(found.items())


def amount(row: Node, name: str) -> Decimal:
    """A field with a number, or with a number and its currency."""
    found = row.field(name)
    return found.decimal("value") if isinstance(found.value, dict) else row.decimal(name)


def instant(row: Node, name: str) -> datetime:
    """A field with an RFC 3339 time."""
    try:
        return parse_instant(row.text(name), what=f"{row.path}.{name}")
    except InvalidInputError as error:
        raise row.wrong(error.message) from error


DONE = "completed"
"""Status of a row of a ledger that moved its amount."""


def fill_id(row: Node) -> str:
    """A fill's own number; adjusted ones share it with what they adjust."""
    kind, number = row.text_or("trade_type", "FILL"), row.text("trade_id")
    return number if kind == "FILL" else f"{number}:{kind}:{row.text('entry_id')}"


def side_of(row: Node, name: str, plus: str, minus: str) -> int:
    """1 or -1 by a field that says one of two words."""
    word = row.text(name)
    if word not in (plus, minus):
        raise row.wrong(f"{name} is neither {plus} nor {minus}")
    return 1 if word == plus else -1


def traded_terms(reading: Reading, code: str) -> Instrument | None:
    """Terms of a market that was traded; of a future that is listed no more by its name and its family."""
    name = market_id(code)
    known, dated = reading.terms(name), dated_name(code.removesuffix(_US_FUTURE))
    if known is None and dated is not None and code.endswith(_US_FUTURE):
        family = (
            one
            for one in reading.context.instruments.instruments.values()
            if one.venue == VENUE
            and one.kind is InstrumentKind.FUTURE
            and one.code.startswith(f"{dated.family}-")
        )
        known = reading.expired(name, dated, family, at=_EXPIRY_TIME)
    return known or reading.instrument(name, lost=True)

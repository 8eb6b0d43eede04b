"""The published import templates: columns, their kinds, and what each means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from truenav.core.account import AccountKind
from truenav.core.facts import CashKind, DealingKind, QuoteKind, TransferKind


class Kind(Enum):
    """How a cell is read."""

    TEXT = auto()
    NUMBER = auto()
    POSITIVE = auto()
    NOT_NEGATIVE = auto()
    INSTANT = auto()
    ASSET = auto()
    INSTRUMENT = auto()
    QUOTED = auto()
    CHOICE = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """One column. ``default`` fills an empty cell of an optional one."""

    name: str
    kind: Kind
    meaning: str
    required: bool = True
    choices: tuple[str, ...] = ()
    default: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of file. ``time`` is the column with the instant at which tickers are understood."""

    name: str
    meaning: str
    time: str
    columns: tuple[Column, ...]


def _text(name: str, meaning: str) -> Column:
    return Column(name, Kind.TEXT, meaning)


def _optional(name: str, kind: Kind, meaning: str, default: str = "") -> Column:
    return Column(name, kind, meaning, required=False, default=default)


def _choice(name: str, meaning: str, choices: tuple[str, ...], default: str = "") -> Column:
    return Column(name, Kind.CHOICE, meaning, required=not default, choices=choices, default=default)


_ACCOUNT = _text("account", "id of the account")
_EXTERNAL_ID = _text("external_id", "the source's own id; the same id is the same event")
_WALLET = _optional("wallet", Kind.TEXT, "compartment of the account", "main")
_AS_OF = Column("as_of", Kind.INSTANT, "instant of the statement, RFC 3339 with offset")
_OCCURRED = Column("occurred_at", Kind.INSTANT, "when it happened, RFC 3339 with offset")
_ASSET = Column("asset", Kind.ASSET, "ticker or full asset id")

_ALL = (
    Template(
        "accounts",
        "accounts held at custodians, wallets and venues without a connector",
        "",
        (
            _text("account", "id: lower-case letters, digits, hyphens"),
            _text("name", "for people"),
            _text("venue", "who holds it"),
            _choice("kind", "what stands behind it", tuple(kind.value for kind in AccountKind)),
            _optional("wallets", Kind.TEXT, "compartments, parted by spaces", "main"),
        ),
    ),
    Template(
        "balances",
        "balances of whole wallets; an asset that is not listed is held at zero",
        "as_of",
        (
            _ACCOUNT,
            _AS_OF,
            _WALLET,
            _ASSET,
            Column("amount", Kind.NUMBER, "holding including what is locked; debt negative"),
            _optional("locked", Kind.NOT_NEGATIVE, "part of the amount that orders lock", "0"),
        ),
    ),
    Template(
        "positions",
        "open positions of whole wallets; one that is not listed is closed",
        "as_of",
        (
            _ACCOUNT,
            _AS_OF,
            _WALLET,
            Column("instrument", Kind.INSTRUMENT, "instrument id such as okx:BTC-USDT-SWAP"),
            Column("quantity", Kind.NUMBER, "contracts, short negative"),
            Column("entry_price", Kind.NOT_NEGATIVE, "average price of entry"),
            _optional("delta", Kind.NUMBER, "the venue's option delta of the line, in base units"),
            _optional("mark_price", Kind.NOT_NEGATIVE, "read and kept, not used; import prices.csv"),
        ),
    ),
    Template(
        "trades",
        "fills",
        "occurred_at",
        (
            _ACCOUNT,
            _EXTERNAL_ID,
            _OCCURRED,
            _WALLET,
            Column("instrument", Kind.INSTRUMENT, "instrument id, or BASE-QUOTE for a spot trade"),
            _choice("side", "seen from the account", ("buy", "sell")),
            Column("quantity", Kind.POSITIVE, "contracts; units of base for spot"),
            Column("price", Kind.NOT_NEGATIVE, "quote per base; settle per base for options"),
            _optional("cost", Kind.NOT_NEGATIVE, "amount that moved, where not quantity times price"),
            _optional("realised", Kind.NUMBER, "realised profit in the settle asset, futures only"),
            _optional("fee", Kind.NUMBER, "fee paid; a rebate is negative", "0"),
            _optional("fee_asset", Kind.ASSET, "asset of the fee; required with a fee"),
            _optional("order_id", Kind.TEXT, "the order's id"),
            _optional("tag", Kind.TEXT, "strategy tag; of a client order id, what precedes the first hyphen"),
        ),
    ),
    Template(
        "transfers",
        "deposits, withdrawals and transfers between own accounts",
        "occurred_at",
        (
            _ACCOUNT,
            _EXTERNAL_ID,
            _OCCURRED,
            _WALLET,
            _choice("direction", "seen from the account", ("in", "out")),
            _ASSET,
            Column("amount", Kind.POSITIVE, "what arrived or was sent, without the fee"),
            _optional("fee", Kind.NOT_NEGATIVE, "fee paid besides the amount", "0"),
            _choice("kind", "where the other end is", tuple(kind.value for kind in TransferKind), "external"),
            _optional("counterpart", Kind.TEXT, "address or account at the other end"),
            _optional("network", Kind.TEXT, "read and kept"),
            _optional("transaction", Kind.TEXT, "transaction hash"),
        ),
    ),
    Template(
        "cash_flows",
        "cash that moved without a trade or transfer",
        "occurred_at",
        (
            _ACCOUNT,
            _EXTERNAL_ID,
            _OCCURRED,
            _WALLET,
            _choice("kind", "why it moved", tuple(kind.value for kind in CashKind)),
            _ASSET,
            Column("amount", Kind.NUMBER, "received positive, paid negative"),
            _optional("instrument", Kind.INSTRUMENT, "the contract it belongs to"),
        ),
    ),
    Template(
        "settlements",
        "expiries of futures and options",
        "occurred_at",
        (
            _ACCOUNT,
            _EXTERNAL_ID,
            _OCCURRED,
            _WALLET,
            Column("instrument", Kind.INSTRUMENT, "the contract that expired"),
            Column(
                "quantity", Kind.NUMBER, "change of the position in contracts; a long of 3 closes with -3"
            ),
            Column("price", Kind.NOT_NEGATIVE, "final price"),
            Column("asset", Kind.ASSET, "asset of the cash"),
            _optional("cash", Kind.NUMBER, "received positive, paid negative", "0"),
        ),
    ),
    Template(
        "prices",
        "prices of assets or contracts",
        "at",
        (
            Column("at", Kind.INSTANT, "instant of the price, RFC 3339 with offset"),
            Column("base", Kind.QUOTED, "asset, or instrument id of a contract"),
            Column("quote", Kind.ASSET, "asset that the price is in"),
            Column("price", Kind.NOT_NEGATIVE, "units of quote for one of base"),
            _choice(
                "kind",
                "what the price is",
                tuple(kind.value for kind in QuoteKind if kind is not QuoteKind.MANUAL),
                "last",
            ),
            _optional("volume", Kind.NOT_NEGATIVE, "traded volume in units of base"),
        ),
    ),
    Template(
        "nav",
        "NAV published by somebody else",
        "as_of",
        (
            _text("fund", "id of the fund"),
            _text("share_class", "id of the share class"),
            _AS_OF,
            Column("nav", Kind.NUMBER, "NAV of the whole class"),
            Column("currency", Kind.ASSET, "asset of the NAV"),
            Column("units", Kind.NOT_NEGATIVE, "units in issue"),
        ),
    ),
    Template(
        "dealings",
        "subscriptions and redemptions",
        "occurred_at",
        (
            _text("fund", "id of the fund"),
            _text("share_class", "id of the share class"),
            _EXTERNAL_ID,
            _OCCURRED,
            _choice("kind", "into or out of the fund", tuple(kind.value for kind in DealingKind)),
            _text("investor", "investor, or node:ID of a fund of this house"),
            Column("units", Kind.POSITIVE, "units issued or redeemed"),
            Column("amount", Kind.POSITIVE, "paid in or out"),
            Column("currency", Kind.ASSET, "asset of the amount"),
        ),
    ),
)

TEMPLATES: Mapping[str, Template] = {template.name: template for template in _ALL}

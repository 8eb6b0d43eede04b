"""What the columns of a file mean, as data: a *layout*.

A layout says which column gives which `Field`, how times and numbers are written, and which words mean
what. It is plain data with one canonical JSON text, so a layout that a person saved is the same thing as a
built-in one, and the text can stand in the evidence of an import: with it and the bytes alone, the offline
verifier states the same facts (`truenav.connect.files.engine`).

Column names are compared without case, spaces and punctuation; of several columns with one name the second
is called ``Name#2``. One column may serve two fields: where an amount and its asset name the same column,
its cells hold both, as in ``2.5 ETH``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from truenav.connect.errors import ImportRefusedError
from truenav.connect.files.times import TimeRule, refuse_bad_rule
from truenav.core.canonical import canonical_text, decode
from truenav.core.failure import InvalidInputError
from truenav.core.ids import parse_slug
from truenav.core.names import parse_name

LAYOUT_BYTES = 64 * 1024
"""Longest canonical text of a layout."""

ENDPOINT = "layout/1"
"""Name of the parser that reads a file by the layout in its evidence."""

LAYOUT_NOTE = "local:layout"
"""Name of the request parameter of the evidence that holds the layout's canonical JSON."""

ANY = "*"
"""At the end of a word, or of a name in a signature: any further text. Alone: all that is not listed."""


class Field(StrEnum):
    """What a column can give. Amounts of ``sent`` and ``received`` are sizes; ``amount`` is one side only."""

    TIME = "time"
    CLOCK = "clock"  # the time of day, where `time` is only the day
    TYPE = "type"
    SUBTYPE = "subtype"
    STATUS = "status"
    DIRECTION = "direction"  # whether `amount` came or went
    ACCOUNT = "account"
    TO_ACCOUNT = "to_account"  # where what was received is, in rows that show both ends of a transfer
    WALLET = "wallet"
    ID = "id"
    ORDER_ID = "order_id"
    TXID = "txid"
    COUNTERPART = "counterpart"
    GROUP = "group"  # rows of equal text here are legs of one trade
    SENT_AMOUNT = "sent_amount"
    SENT_ASSET = "sent_asset"
    RECEIVED_AMOUNT = "received_amount"
    RECEIVED_ASSET = "received_asset"
    AMOUNT = "amount"
    ASSET = "asset"
    FEE_AMOUNT = "fee_amount"
    FEE_ASSET = "fee_asset"
    SIDE = "side"
    MARKET = "market"
    BASE = "base"
    QUOTE = "quote"
    QUANTITY = "quantity"
    PRICE = "price"
    TOTAL = "total"


class Meaning(StrEnum):
    """What happened. To and from outside are deposits and withdrawals; between own wallets is ``transfer``.

    ``buy`` and ``sell`` are trades whose side the word tells. ``by_sides`` is a trade where something was
    sent and received, else a deposit or a withdrawal. ``ignore`` states nothing (a cancelled order).
    """

    DEPOSIT = "deposit"
    WITHDRAWAL = "withdrawal"
    TRANSFER = "transfer"
    TRADE = "trade"
    BUY = "buy"
    SELL = "sell"
    REWARD = "reward"
    INTEREST = "interest"
    FEE = "fee"
    FUNDING = "funding"
    REALISED = "realised"
    SETTLEMENT = "settlement"
    BY_SIDES = "by_sides"
    IGNORE = "ignore"


TRADES = frozenset({Meaning.TRADE, Meaning.BUY, Meaning.SELL})
TRANSFERS = frozenset({Meaning.DEPOSIT, Meaning.WITHDRAWAL, Meaning.TRANSFER})


class FeeSide(StrEnum):
    """Whose asset a fee is in, where no column says so."""

    NONE = ""
    SENT = "sent"
    RECEIVED = "received"
    BASE = "base"
    QUOTE = "quote"


class MarketOrder(StrEnum):
    """Which asset of a market's name comes first."""

    BASE_FIRST = "base-quote"
    QUOTE_FIRST = "quote-base"


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of file reads. See the module for columns, `Field` and `Meaning` for their values.

    ``headers`` are the header lines by which the layout is recognised (none for a mapping that serves one
    file); a name may end with ``*``. ``columns`` maps a `Field`'s value to a column,
    ``constants`` to a text that every row would hold. ``words`` maps what
    stands in the type column, ``type/subtype`` before ``type``, to a `Meaning`; ``meaning`` serves where
    there is no type column. ``statuses`` says which rows count; a word of neither table refuses its row.
    ``directions`` says which words of that column mean that the amount came. ``assets``, ``accounts`` and
    ``wallets`` translate cells. ``venue`` is whose asset codes these are.

    ``signed``: an ``amount`` carries its direction; otherwise the meaning gives it. ``sent_negative`` and
    ``fee_negative``: sizes of those columns are written with a minus. ``fee_included``: amounts are those
    that left and arrived, with the fee in them, and one in a third asset has a row of its own; otherwise the
    fee comes on top. ``fee_side`` is whose asset
    the fee is in, where no column says so.
    """

    name: str
    title: str
    columns: Mapping[str, str]
    headers: tuple[tuple[str, ...], ...] = ()
    delimiter: str = ","
    encoding: str = "utf-8"
    decimal: str = "."
    thousands: str = ""
    times: TimeRule = field(default_factory=TimeRule)
    meaning: Meaning | None = None
    words: Mapping[str, Meaning] = field(default_factory=dict)
    statuses: Mapping[str, bool] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    directions: Mapping[str, bool] = field(default_factory=dict)
    assets: Mapping[str, str] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    wallets: Mapping[str, str] = field(default_factory=dict)
    wallet: str = "main"
    venue: str = ""
    market_order: MarketOrder = MarketOrder.BASE_FIRST
    signed: bool = False
    sent_negative: bool = False
    fee_negative: bool = False
    fee_included: bool = False
    fee_side: FeeSide = FeeSide.NONE


class BadLayoutError(InvalidInputError):
    """A layout contradicts itself or lacks what it needs."""

    code = "bad-layout"
    title = "The layout cannot be used"


def layout_to_json(layout: Layout) -> str:
    """The canonical JSON text of a layout; the same layout has the same text."""
    return canonical_text(layout)


def layout_from_json(text: str) -> Layout:
    """The layout in a JSON text. Raises `BadLayoutError` with what is wrong and how to mend it."""
    if len(text.encode("utf-8", "replace")) > LAYOUT_BYTES:
        raise BadLayoutError(f"The layout has more than {LAYOUT_BYTES} bytes; remove words that no row uses.")
    try:
        layout = decode(Layout, json.loads(text))
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadLayoutError(f"The layout is not JSON ({str(error)[:100]}).") from error
    except InvalidInputError as error:
        raise BadLayoutError(error.message) from error
    refuse_bad_layout(layout)
    return layout


def refuse_bad_layout(layout: Layout) -> None:
    """Raise `BadLayoutError` where the layout cannot state anything or says two things."""
    try:
        parse_slug(layout.name, what="layout")
        parse_name(layout.title, what="title")
        parse_name(layout.wallet, what="wallet")
        refuse_bad_rule(layout.times)
    except InvalidInputError as error:
        raise BadLayoutError(error.message) from error
    if unknown := (layout.columns.keys() | layout.constants.keys()) - set(Field):
        raise BadLayoutError(f"{sorted(unknown)[0]!r} is no field; there are: {', '.join(Field)}.")
    if empty := [name for name, column in layout.columns.items() if not column.strip()]:
        raise BadLayoutError(f"{empty[0]!r} names no column; remove it or name one.")
    _refuse_bad_form(layout)
    _refuse_missing(layout)


def _refuse_bad_form(layout: Layout) -> None:
    if layout.delimiter not in (",", ";", "\t", "|"):
        raise BadLayoutError("The delimiter is one of: comma, semicolon, tab, vertical bar.")
    if layout.encoding not in ("utf-8", "utf-16", "latin-1"):
        raise BadLayoutError("The encoding is one of: utf-8, utf-16, latin-1.")
    if layout.decimal not in (".", ",") or layout.thousands not in ("", ",", ".", " ", "'"):
        raise BadLayoutError("Decimals are parted by a point or comma, thousands by , . ' or a space.")
    if layout.decimal == layout.thousands:
        raise BadLayoutError("Decimals and thousands cannot be parted by the same sign.")


def _refuse_missing(layout: Layout) -> None:
    has = {*layout.columns, *layout.constants}
    if Field.TIME not in has:
        raise BadLayoutError("No column gives the time; map one to 'time'.")
    sides = {Field.SENT_AMOUNT, Field.RECEIVED_AMOUNT, Field.AMOUNT, Field.QUANTITY} & has
    if not sides:
        raise BadLayoutError(
            "No column gives an amount; map one to 'amount', 'sent_amount', 'received_amount' or 'quantity'."
        )
    for amount, asset in ASSET_OF.items():
        if amount in has and asset not in has:
            raise BadLayoutError(
                f"{amount.value!r} has no asset; map {asset.value!r}, to the same column where it holds both."
            )
    if Field.QUANTITY in has:
        if not (Field.MARKET in has or {Field.BASE, Field.QUOTE} <= has):
            raise BadLayoutError("A quantity needs its market; map 'market', or 'base' and 'quote'.")
        if not {Field.PRICE, Field.TOTAL} & has:
            raise BadLayoutError("A quantity needs what was paid; map 'price' or 'total'.")
    if Field.FEE_AMOUNT in has and Field.FEE_ASSET not in has and not layout.fee_side:
        raise BadLayoutError("The fee has no asset; map 'fee_asset', or give 'fee_side'.")
    if not {Field.TYPE, Field.SIDE} & has and layout.meaning is None:
        raise BadLayoutError("Nothing tells what a row means; map 'type' with its words, or give 'meaning'.")
    if Field.TYPE in has and not layout.words:
        raise BadLayoutError("The type column has no words; say what each of them means.")


ASSET_OF: Mapping[Field, Field] = {
    Field.SENT_AMOUNT: Field.SENT_ASSET,
    Field.RECEIVED_AMOUNT: Field.RECEIVED_ASSET,
    Field.AMOUNT: Field.ASSET,
}


def column_key(name: str) -> str:
    """A column name as it is compared: letters and digits in lower case; signs alone stay as they are."""
    bare = "".join(letter for letter in name.casefold() if letter.isalnum())
    return bare or name.strip()


def column_names(header: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """The columns of a header line as layouts call them: the second ``Cur.`` is ``Cur.#2``."""
    seen: dict[str, int] = {}
    names = []
    for cell in header:
        name = cell.strip().lstrip("\ufeff").strip()
        key = column_key(name)
        seen[key] = seen.get(key, 0) + 1
        names.append(name if seen[key] == 1 else f"{name}#{seen[key]}")
    return tuple(names)


def places_of(layout: Layout, header: tuple[str, ...]) -> Mapping[Field, int]:
    """Where each field stands in a header, as `column_names` gives it; constants stand behind it.

    Raises ``ImportRefusedError`` naming the first column that is not there.
    """
    at = {reference(name): place for place, name in enumerate(header)}
    places: dict[Field, int] = {}
    for name, column in layout.columns.items():
        place = at.get(reference(column))
        if place is None:
            raise ImportRefusedError(
                f"The column {column[:60]!r} of the layout {layout.name!r} is not in the file, which has "
                f"{', '.join(header)[:300]}.",
                column=column[:60],
            )
        places[Field(name)] = place
    for number, name in enumerate(layout.constants):
        places[Field(name)] = len(header) + number
    return places


def reference(name: str) -> str:
    """A column with its number: ``Cur.#2`` as ``cur#2``."""
    bare, hash_sign, number = name.rpartition("#")
    if hash_sign and bare and number.isdigit():
        return f"{column_key(bare)}#{number}"
    return column_key(name)

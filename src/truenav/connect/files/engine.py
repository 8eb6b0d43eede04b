"""Rows of an export as facts, by its layout: one engine for every layout, built-in or a person's own.

A row with an id of its own keeps it. One without gets the hash of its mapped cells and, where equal rows
stand in the file, its number among them: two exports that overlap state the same facts in the overlap.
Legs of one trade that stand in rows of their own are put together by their group, whose text is the id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import TypeVar

from truenav.connect.contract import ParseContext
from truenav.connect.files.amounts import (
    EMPTY,
    Assets,
    is_zero,
    number_reader,
    refuse_other_sign,
    sign_of,
    split_unit,
)
from truenav.connect.files.bodies import Event, Side, Stated
from truenav.connect.files.mapping import (
    ANY,
    ASSET_OF,
    TRADES,
    FeeSide,
    Field,
    Layout,
    MarketOrder,
    Meaning,
    places_of,
)
from truenav.connect.files.rows import RefusedCell
from truenav.connect.files.table import MAX_CELL
from truenav.connect.files.times import reader as time_reader
from truenav.core.failure import InvalidInputError
from truenav.core.ids import Sha256
from truenav.core.money import Amount, AssetId
from truenav.core.names import parse_name

Row = Sequence[str]
T = TypeVar("T")
_ID_LENGTH = 200
_HASH_DIGITS = 32
_ZERO = Decimal(0)
_MARKET_SIGNS = ("/", "-", "_", ":", " ")
_SIDES: Mapping[str, Meaning] = {"buy": Meaning.BUY, "sell": Meaning.SELL}


class RefusedField(RefusedCell):
    """A cell that cannot be read, with the field that it was to give."""

    def __init__(self, field: Field, message: str, mend: str) -> None:
        super().__init__(message, mend)
        self.field = field


@dataclass(slots=True)
class Leg:
    """One row of a trade whose sides stand in rows of their own."""

    line: int
    event: Event
    number: Decimal
    asset: AssetId
    fee: Amount | None


@dataclass(slots=True)
class Engine:
    """Reads the rows of one file. ``account`` is whose file it is where no column tells."""

    layout: Layout
    columns: tuple[str, ...]
    evidence: Sha256
    account: str
    context: ParseContext
    stated: Stated = field(init=False)
    duplicates: list[int] = field(default_factory=list)
    _at: Mapping[Field, int] = field(init=False)
    _groups: dict[tuple[str, ...], list[Leg]] = field(default_factory=dict)
    _counts: dict[bytes, int] = field(default_factory=dict)
    _seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    _constants: tuple[str, ...] = ()
    _cells: Callable[[Row], tuple[str, ...]] = field(init=False)
    _number: Callable[[str], Decimal] = field(init=False)
    _time: Callable[[str], datetime] = field(init=False)
    _assets: Assets = field(init=False)
    _words: dict[str, Meaning] = field(init=False)
    _statuses: dict[str, bool] = field(init=False)
    _directions: dict[str, bool] = field(init=False)
    _splits: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._at = places_of(self.layout, self.columns)
        self._constants = tuple(self.layout.constants.values())
        self._assets = Assets(self.layout, self.context)
        self.stated = Stated(self.layout, self.evidence, self.context, self._assets)
        self._number = number_reader(self.layout)
        self._time = time_reader(self.layout.times)
        mapped = sorted({self._at[name] for name in self._at})
        self._cells = itemgetter(*mapped) if len(mapped) > 1 else lambda row: (row[mapped[0]],)
        self._words = {_word(text): meaning for text, meaning in self.layout.words.items()}
        self._statuses = {_word(text): counts for text, counts in self.layout.statuses.items()}
        self._directions = {_word(text): comes for text, comes in self.layout.directions.items()}

    def add(self, line: int, row: Row) -> None:
        """Read one row. Raises ``RefusedCell`` or ``InvalidInputError`` where it states nothing for sure."""
        if self._constants:
            row = [*row, *self._constants]
        if max(map(len, row)) > MAX_CELL:
            raise RefusedCell("a cell is longer than 10,000 characters", "Shorten it.")
        meaning = self._meaning(row)
        if meaning is Meaning.IGNORE:
            return
        event = self._event(line, row, meaning)
        if event is None:
            self.duplicates.append(line)
        elif meaning in TRADES:
            self._trade(line, row, event, meaning)
        elif meaning is Meaning.BY_SIDES or Field.AMOUNT not in self._at:
            self._by_sides(row, event, meaning)
        else:
            self._one_side(row, event, meaning)

    def finish(self) -> list[tuple[int, RefusedCell]]:
        """Put the legs of trades together; gives the groups that are none, by the line of their first row."""
        refused = []
        for key, legs in self._groups.items():
            try:
                self._join(key, legs)
            except RefusedCell as error:
                refused.append((legs[0].line, error))
        self._groups.clear()
        return refused

    def column(self, refused: RefusedCell) -> str:
        """The column of the file that a refusal is about; empty where it is about the whole row."""
        return self.layout.columns.get(refused.field, "") if isinstance(refused, RefusedField) else ""

    # -- what a row is

    def _meaning(self, row: Row) -> Meaning:
        if Field.STATUS in self._at and not self._is_done(self._text(row, Field.STATUS)):
            return Meaning.IGNORE
        meaning = self.layout.meaning
        if Field.TYPE in self._at:
            meaning = self._typed(self._text(row, Field.TYPE), self._text(row, Field.SUBTYPE))
        if Field.SIDE in self._at and meaning in (None, Meaning.TRADE):
            side = self._text(row, Field.SIDE)
            if side or meaning is None:
                meaning = self._sided(side)
        if meaning is None:
            raise RefusedField(Field.TYPE, "nothing tells what the row means", "Give the layout a 'meaning'.")
        return meaning

    def _typed(self, text: str, subtype: str) -> Meaning:
        words = self._words
        found = words.get(_word(f"{text}/{subtype}")) if subtype else None
        found = found or words.get(_word(text)) or _begun(words, text)
        if found is None:
            what = f"{text}/{subtype}" if subtype else text
            raise RefusedField(
                Field.TYPE,
                f"the layout has no word {what[:60]!r}",
                "Add the word to the layout with what it means, or with 'ignore'.",
            )
        return found

    def _sided(self, text: str) -> Meaning:
        word = _word(text)
        found = self._words.get(word) or _SIDES.get(word)
        if found not in (Meaning.BUY, Meaning.SELL, Meaning.IGNORE):
            raise RefusedField(
                Field.SIDE, f"{text[:60]!r} is neither buy nor sell", "Add the word to the layout."
            )
        return found

    def _is_done(self, text: str) -> bool:
        found = self._statuses.get(_word(text))
        found = _begun(self._statuses, text) if found is None else found
        if found is None:
            raise RefusedField(
                Field.STATUS,
                f"the layout does not say whether a row that is {text[:60]!r} counts",
                "Add the status to the layout.",
            )
        return found

    # -- which event it is

    def _event(self, line: int, row: Row, meaning: Meaning) -> Event | None:
        """Time, place and id of a row; None for one that repeats an earlier row with the same id."""
        text = self._text(row, Field.TIME)
        if Field.CLOCK in self._at:
            text = f"{text} {self._text(row, Field.CLOCK)}"
        if not text:
            raise RefusedField(Field.TIME, "the time is missing", "Fill it, or remove the row.")
        try:
            at = self._time(text)
        except InvalidInputError as error:
            raise RefusedField(Field.TIME, error.message, "See 'times' in the layout.") from error
        name = self._id(line, row, meaning)
        if name is None:
            return None
        return Event(
            name,
            at,
            self._account(row),
            self._wallet(row),
            self._name(row, Field.ORDER_ID),
            self._name(row, Field.TXID),
            self._name(row, Field.COUNTERPART),
        )

    def _id(self, line: int, row: Row, meaning: Meaning) -> str | None:
        cells = "\0".join(self._cells(row)).encode("utf-8", "surrogatepass")
        own = self._text(row, Field.ID) if Field.ID in self._at else ""
        digest = hashlib.sha256(cells).digest()[:16]
        if own in EMPTY:
            count = self._counts[digest] = self._counts.get(digest, 0) + 1
            return digest.hex() if count == 1 else f"{digest.hex()}-{count}"
        if len(own) > _ID_LENGTH or not own.isprintable():
            raise RefusedField(
                Field.ID, "the id is too long or holds control characters", "Map another column."
            )
        if self._is_leg(row, meaning):
            return own
        first = self._seen.setdefault(own, (line, digest))
        if first[0] == line:
            return own
        if first[1] == digest:
            return None
        raise RefusedField(
            Field.ID,
            f"the id of line {first[0]} stands here with other content",
            "Keep the right row; where rows share the id of their order, map it to 'order_id' or 'group'.",
        )

    def _account(self, row: Row) -> str:
        text = self._text(row, Field.ACCOUNT) or self._text(row, Field.TO_ACCOUNT)
        return self._account_called(text)

    def _account_called(self, text: str) -> str:
        return self.layout.accounts.get(text) or self.account or text

    def _wallet(self, row: Row) -> str:
        if Field.WALLET not in self._at:
            return self.layout.wallet
        text = self._name(row, Field.WALLET)
        return self.layout.wallets.get(text) or text or self.layout.wallet

    # -- amounts

    def _trade(self, line: int, row: Row, event: Event, meaning: Meaning) -> None:
        if Field.QUANTITY in self._at and self._text(row, Field.QUANTITY) not in EMPTY:
            self._market_trade(row, event, meaning)
            return
        if self._is_leg(row, meaning):
            self._leg(line, row, event)
            return
        sent = self._side(row, Field.SENT_AMOUNT, event.at)
        received = self._side(row, Field.RECEIVED_AMOUNT, event.at)
        if sent is None and Field.SENT_AMOUNT not in self._at:
            sent = self._side(row, Field.AMOUNT, event.at)
            sent = (abs(sent[0]), sent[1]) if sent is not None and self.layout.signed else sent
        if sent is None or received is None:
            raise RefusedCell("a trade needs what was sent and what was received", "Fill both amounts.")
        self._exchange(row, event, sent, received)

    def _exchange(
        self, row: Row, event: Event, sent: Side, received: Side, base: AssetId | None = None
    ) -> None:
        """State a trade of two known sides with its fee."""
        sides = {FeeSide.SENT: sent[1], FeeSide.RECEIVED: received[1]}
        if base is not None:
            other = received[1] if base == sent[1] else sent[1]
            sides |= {FeeSide.BASE: base, FeeSide.QUOTE: other}
        fee = self._fee(row, event.at, sides)
        if fee is not None and self.layout.fee_included:
            if fee.asset == received[1]:
                received = (received[0] - fee.number, received[1])
            elif fee.asset == sent[1]:
                sent = (sent[0] + fee.number, sent[1])
            else:
                fee = None
            if sent[0] < 0 or received[0] < 0:
                raise RefusedField(
                    Field.FEE_AMOUNT, "the fee is more than the amount it is in", "Correct it."
                )
        self.stated.trade(event, sent, received, () if fee is None else (fee,), base)

    def _market_trade(self, row: Row, event: Event, meaning: Meaning) -> None:
        base, quote = self._market(row, event.at)
        quantity = self._need(row, Field.QUANTITY, base, event.at)
        if self.layout.signed:
            meaning = (Meaning.BUY if quantity > 0 else Meaning.SELL) if meaning is Meaning.TRADE else meaning
            quantity = -quantity if meaning is Meaning.SELL and quantity < 0 else quantity
        if meaning is Meaning.TRADE:
            raise RefusedField(Field.SIDE, "nothing tells whether it was bought or sold", "Map 'side'.")
        total = self._maybe(row, Field.TOTAL, quote, event.at)
        total = abs(total) if self.layout.signed and total is not None else total
        if total is None:
            total = quantity * self._need(row, Field.PRICE, quote, event.at)
        if quantity < 0 or total < 0:
            raise RefusedField(Field.QUANTITY, "a trade cannot be negative", "Say 'signed' in the layout.")
        one, other = (quantity, base), (total, quote)
        sent, received = (other, one) if meaning is Meaning.BUY else (one, other)
        self._exchange(row, event, sent, received, base)

    def _leg(self, line: int, row: Row, event: Event) -> None:
        number, asset = self._signed_amount(row, event.at, Meaning.TRADE)
        key = (self._text(row, Field.GROUP), event.account, event.wallet)
        fee = self._fee(row, event.at, {FeeSide.SENT: asset, FeeSide.RECEIVED: asset})
        if not key[0]:
            raise RefusedField(Field.GROUP, "nothing tells the other side of this trade", "Fill the cell.")
        self._groups.setdefault(key, []).append(Leg(line, event, number, asset, fee))

    def _join(self, key: tuple[str, ...], legs: list[Leg]) -> None:
        """Legs of one group as one trade; several fills of one pair in one group are one."""
        totals: dict[AssetId, Decimal] = {}
        fees: dict[AssetId, Decimal] = {}
        for leg in legs:
            totals[leg.asset] = totals.get(leg.asset, _ZERO) + leg.number
            if leg.fee is not None:
                fees[leg.fee.asset] = fees.get(leg.fee.asset, _ZERO) + leg.fee.number
        sides = sorted((number, asset) for asset, number in totals.items() if number)
        if len(sides) != 2 or sides[0][0] > 0 or sides[1][0] < 0:
            raise RefusedCell(
                f"the {len(legs)} rows of this group are not one asset sent and one received",
                "Give their word 'ignore' in the layout, and import the trades by 'trades.csv'.",
            )
        (sent, sent_asset), (received, received_asset) = sides
        first = min(legs, key=lambda leg: (leg.event.at, leg.line))
        text = "\0".join((*key, sent_asset, received_asset)).encode()
        event = replace(first.event, id=hashlib.sha256(text).hexdigest()[:_HASH_DIGITS])
        paid = tuple(Amount(number, asset) for asset, number in sorted(fees.items()) if number)
        self.stated.trade(event, (-sent, sent_asset), (received, received_asset), paid)

    def _one_side(self, row: Row, event: Event, meaning: Meaning) -> None:
        number, asset = self._signed_amount(row, event.at, meaning)
        fee = self._fee(row, event.at, {FeeSide.SENT: asset, FeeSide.RECEIVED: asset})
        self._flow(event, meaning, number, asset, fee)

    def _by_sides(self, row: Row, event: Event, meaning: Meaning) -> None:
        """A row that may have both sides: which are filled tells what it is, where its word does not."""
        sent = self._side(row, Field.SENT_AMOUNT, event.at)
        received = self._side(row, Field.RECEIVED_AMOUNT, event.at)
        if sent is not None and received is not None and sent[1] == received[1]:
            sent, received = sent if sent[0] else None, received if received[0] else None
        if sent is None:
            if received is None:
                self._fee_alone(row, event)
            else:
                self._only_side(row, event, meaning, Meaning.DEPOSIT, received)
            return
        if received is None:
            self._only_side(row, event, meaning, Meaning.WITHDRAWAL, (-sent[0], sent[1]))
            return
        fee = self._fee(row, event.at, {FeeSide.SENT: sent[1], FeeSide.RECEIVED: received[1]})
        if meaning is Meaning.TRANSFER or (meaning is Meaning.BY_SIDES and sent[1] == received[1]):
            there = self._account_called(self._text(row, Field.TO_ACCOUNT) or self._text(row, Field.ACCOUNT))
            self.stated.moved(event, replace(event, id=f"{event.id}-in", account=there), sent, received, fee)
        elif meaning is Meaning.BY_SIDES:
            self._exchange(row, event, sent, received)
        else:
            raise RefusedCell(f"a {meaning} cannot have two sides", "Give the word the meaning 'trade'.")

    def _only_side(self, row: Row, event: Event, meaning: Meaning, natural: Meaning, side: Side) -> None:
        """The side that is filled; ``natural`` is what it is where its word leaves that to the sides."""
        number, asset = side
        if meaning is Meaning.BY_SIDES:
            meaning = natural
        if meaning is not natural and meaning in (Meaning.DEPOSIT, Meaning.WITHDRAWAL):
            raise RefusedCell(f"a {meaning} has its amount on the other side", "Correct the row.")
        fee = self._fee(row, event.at, {FeeSide.SENT: asset, FeeSide.RECEIVED: asset})
        self._flow(event, meaning, number, asset, fee)

    def _flow(
        self, event: Event, meaning: Meaning, number: Decimal, asset: AssetId, fee: Amount | None
    ) -> None:
        if fee is not None and self.layout.fee_included and fee.asset == asset:
            number -= fee.number
        self.stated.one_side(event, meaning, number, asset, fee)

    def _fee_alone(self, row: Row, event: Event) -> None:
        fee = self._fee(row, event.at, {})
        if fee is None:
            raise RefusedCell("the row has no amount", "Fill it, or give its word 'ignore'.")
        self.stated.one_side(event, Meaning.FEE, fee.number, fee.asset, None)

    def _signed_amount(self, row: Row, at: datetime, meaning: Meaning) -> Side:
        """The amount of a row, received positive."""
        found = self._side(row, Field.AMOUNT, at)
        if found is None:
            raise RefusedField(Field.AMOUNT, "the amount is missing", "Fill it, or remove the row.")
        number, asset = found
        if Field.DIRECTION in self._at:
            text = self._text(row, Field.DIRECTION)
            incoming = self._directions.get(_word(text))
            if incoming is None:
                raise RefusedField(
                    Field.DIRECTION,
                    f"the layout does not say whether {text[:60]!r} is in or out",
                    "Add the word.",
                )
        elif self.layout.signed:
            return found
        elif meaning in (Meaning.TRANSFER, Meaning.TRADE):
            raise RefusedField(
                Field.AMOUNT,
                "nothing tells whether the amount came or went",
                "Say 'signed', or map 'direction'.",
            )
        else:
            incoming = meaning not in (Meaning.WITHDRAWAL, Meaning.FEE)
        if number < 0:
            if not self.layout.signed:
                raise RefusedField(
                    Field.AMOUNT,
                    f"the amount {number} is negative",
                    "Say 'signed' in the layout where it may be.",
                )
            number = -number
        return (number if incoming else -number), asset

    def _side(self, row: Row, amount: Field, at: datetime) -> Side | None:
        """Amount and asset of one side; None where it is not mapped or empty."""
        place = self._at.get(amount)
        if place is None:
            return None
        text = row[place].strip()
        if text in EMPTY:
            return None
        asset_place = self._at[ASSET_OF[amount]]
        code = row[asset_place] if asset_place != place else ""
        number, code = self._parted(amount, text, code, asset_place == place)
        if not number and not code.strip():
            return None
        if amount is Field.SENT_AMOUNT and self.layout.sent_negative:
            number = -number
        if number < 0 and amount is not Field.AMOUNT:
            raise RefusedField(
                amount, f"the amount {text[:40]} is negative", "Correct it, or the layout's signs."
            )
        return number, self._asset(ASSET_OF[amount], code, at)

    def _parted(self, name: Field, text: str, code: str, together: bool) -> tuple[Decimal, str]:
        """Number and asset code of a cell; a currency sign has to agree with the code."""
        try:
            if together:
                text, code = split_unit(text)
            elif code and not text[0].isdigit() and (sign := sign_of(text)):
                refuse_other_sign(sign, code.strip())
            return self._number(text), code
        except RefusedCell as error:
            raise RefusedField(name, error.message, error.mend) from error
        except InvalidInputError as error:
            raise RefusedField(name, error.message, "See 'decimal' and 'thousands' in the layout.") from error

    def _fee(self, row: Row, at: datetime, sides: Mapping[FeeSide, AssetId]) -> Amount | None:
        place = self._at.get(Field.FEE_AMOUNT)
        if place is None or (text := row[place].strip()) in EMPTY:
            return None
        asset_place = self._at.get(Field.FEE_ASSET)
        code = row[asset_place].strip() if asset_place is not None and asset_place != place else ""
        together = asset_place == place and not is_zero(text)
        number, code = self._parted(Field.FEE_AMOUNT, text, code, together)
        if not number:
            return None
        if code and code not in EMPTY:
            asset = self._asset(Field.FEE_ASSET, code, at)
        elif self.layout.fee_side in sides:
            asset = sides[self.layout.fee_side]
        else:
            raise RefusedField(
                Field.FEE_ASSET, "the fee has no asset", "Fill it, or give the layout a 'fee_side'."
            )
        return Amount(number if self.layout.fee_negative else -number, asset)

    # -- markets

    def _market(self, row: Row, at: datetime) -> tuple[AssetId, AssetId]:
        if Field.MARKET not in self._at:
            base = self._asset(Field.BASE, self._code(row, Field.BASE), at)
            return base, self._asset(Field.QUOTE, self._code(row, Field.QUOTE), at)
        text = self._text(row, Field.MARKET)
        one, other = self._pair_of(text, at)
        assets = self._asset(Field.MARKET, one, at), self._asset(Field.MARKET, other, at)
        return assets if self.layout.market_order is MarketOrder.BASE_FIRST else (assets[1], assets[0])

    def _code(self, row: Row, name: Field) -> str:
        """The code of an asset, which may stand beside an amount in its cell."""
        text, place = self._text(row, name), self._at[name]
        amounts = (Field.QUANTITY, Field.TOTAL, Field.PRICE)
        return split_unit(text)[1] if any(self._at.get(one) == place for one in amounts) else text

    def _pair_of(self, text: str, at: datetime) -> tuple[str, str]:
        """The two codes of a market's name; one without a sign between is parted where both are known."""
        for sign in _MARKET_SIGNS:
            codes = text.split(sign)
            if len(codes) == 2 and all(codes):
                return codes[0], codes[1]
        if any(sign in text for sign in _MARKET_SIGNS) or not text.isascii():
            raise RefusedField(
                Field.MARKET, f"{text[:40]!r} is no spot market", "Import contracts by 'trades.csv'."
            )
        found = self._splits.get(text)
        if found is None:
            pairs = [(text[:n], text[n:]) for n in range(2, len(text) - 1)]
            known = [pair for pair in pairs if all(self._assets.knows(code, at) for code in pair)]
            if len(known) != 1:
                raise RefusedField(
                    Field.MARKET,
                    f"{text[:40]!r} {'can be parted in several ways' if known else 'holds an unknown asset'}",
                    "Add the asset, or map 'base' and 'quote'.",
                )
            found = self._splits[text] = known[0]
        return found

    # -- cells

    def _asset(self, name: Field, code: str, at: datetime) -> AssetId:
        try:
            return self._assets.find(code, at)
        except RefusedCell as error:
            raise RefusedField(name, error.message, error.mend) from error
        except InvalidInputError as error:
            raise RefusedField(
                name, error.message, "Or translate it under 'assets' in the layout."
            ) from error

    def _maybe(self, row: Row, name: Field, asset: AssetId, at: datetime) -> Decimal | None:
        """A number in units of an asset; a unit or sign that stands in its cell has to be that asset's."""
        place = self._at.get(name)
        if place is None or (text := row[place].strip()) in EMPTY:
            return None
        if not text[-1].isalpha():
            return self._parted(name, text, "", False)[0]
        number, code = self._parted(name, text, "", True)
        if self._asset(name, code, at) != asset:
            raise RefusedField(name, f"{text[:40]!r} is not in the market's asset", "Correct the row.")
        return number

    def _need(self, row: Row, name: Field, asset: AssetId, at: datetime) -> Decimal:
        found = self._maybe(row, name, asset, at)
        if found is None:
            raise RefusedField(name, "the cell is empty", "Fill it, or remove the row.")
        return found

    def _is_leg(self, row: Row, meaning: Meaning) -> bool:
        """Whether a row is one side of a trade whose other side stands in another row."""
        return (
            meaning in TRADES
            and Field.GROUP in self._at
            and self._text(row, Field.RECEIVED_AMOUNT) in EMPTY
            and self._text(row, Field.QUANTITY) in EMPTY
        )

    def _text(self, row: Row, name: Field) -> str:
        place = self._at.get(name)
        return row[place].strip() if place is not None else ""

    def _name(self, row: Row, name: Field) -> str:
        text = self._text(row, name)
        if text in EMPTY:
            return ""
        try:
            return parse_name(text, what=name)
        except InvalidInputError as error:
            raise RefusedField(name, error.message, "Shorten it, or map another column.") from error


def _begun(table: Mapping[str, T], text: str) -> T | None:
    """What a table says of texts that begin as one of its entries does, the longest such: ``approved*``."""
    word = _word(text)
    begun = [entry for entry in table if entry.endswith(ANY) and word.startswith(entry[:-1])]
    return table[max(begun, key=len)] if begun else None


def _word(text: str) -> str:
    """A word of a table as it is compared: without case and outer spaces."""
    return " ".join(text.casefold().split())

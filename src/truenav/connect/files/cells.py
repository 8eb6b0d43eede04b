"""One row of an export, field by field: each reading is exact, or a refusal that names its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TypeVar

from truenav.connect.files.amounts import (
    EMPTY,
    Assets,
    is_zero,
    number_reader,
    refuse_other_sign,
    sign_of,
    split_unit,
)
from truenav.connect.files.bodies import Side
from truenav.connect.files.mapping import ANY, ASSET_OF, TRADES, Field, Layout, MarketOrder, Meaning
from truenav.connect.files.rows import RefusedCell
from truenav.connect.files.times import reader as time_reader
from truenav.core.failure import InvalidInputError
from truenav.core.money import AssetId
from truenav.core.names import parse_name

Row = Sequence[str]
T = TypeVar("T")
FeePart = tuple[Decimal, AssetId | None]
"""What a fee changes, negative when paid, and its asset; None: that of the layout's ``fee_side``."""

_MARKET_SIGNS = ("/", "-", "_", ":", " ")
_SIDES: Mapping[str, Meaning] = {"buy": Meaning.BUY, "sell": Meaning.SELL}


class RefusedField(RefusedCell):
    """A cell that cannot be read, with the field that it was to give."""

    def __init__(self, field: Field, message: str, mend: str) -> None:
        super().__init__(message, mend)
        self.field = field


@dataclass(slots=True)
class Cells:
    """Reads the fields of rows. ``at`` says where they stand; ``file_account`` is whose file it is."""

    layout: Layout
    at: Mapping[Field, int]
    assets: Assets
    file_account: str
    number: Callable[[str], Decimal] = field(init=False)
    time: Callable[[str], datetime] = field(init=False)
    _words: dict[str, Meaning] = field(init=False)
    _statuses: dict[str, bool] = field(init=False)
    _directions: dict[str, bool] = field(init=False)
    _splits: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.number = number_reader(self.layout)
        self.time = time_reader(self.layout.times)
        self._words = {_word(text): meaning for text, meaning in self.layout.words.items()}
        self._statuses = {_word(text): counts for text, counts in self.layout.statuses.items()}
        self._directions = {_word(text): comes for text, comes in self.layout.directions.items()}

    def meaning(self, row: Row) -> Meaning:
        """What a row means: by its status, type and side, or by the layout."""
        if Field.STATUS in self.at and not self._is_done(self.text(row, Field.STATUS)):
            return Meaning.IGNORE
        meaning = self.layout.meaning
        if Field.TYPE in self.at:
            meaning = self._typed(self.text(row, Field.TYPE), self.text(row, Field.SUBTYPE))
        if Field.SIDE in self.at and meaning in (None, Meaning.TRADE):
            side = self.text(row, Field.SIDE)
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

    def instant(self, row: Row) -> datetime:
        """When it happened, in UTC."""
        text = self.text(row, Field.TIME)
        if Field.CLOCK in self.at:
            text = f"{text} {self.text(row, Field.CLOCK)}"
        if not text:
            raise RefusedField(Field.TIME, "the time is missing", "Fill it, or remove the row.")
        try:
            return self.time(text)
        except InvalidInputError as error:
            raise RefusedField(Field.TIME, error.message, "See 'times' in the layout.") from error

    def account(self, row: Row) -> str:
        """Whose row it is."""
        text = self.text(row, Field.ACCOUNT) or self.text(row, Field.TO_ACCOUNT)
        return self.account_called(text)

    def account_called(self, text: str) -> str:
        """The account that a cell means: as the layout translates it, else the file's own."""
        return self.layout.accounts.get(text) or self.file_account or text

    def wallet(self, row: Row) -> str:
        """Which compartment of the account it is about."""
        if Field.WALLET not in self.at:
            return self.layout.wallet
        text = self.name(row, Field.WALLET)
        return self.layout.wallets.get(text) or text or self.layout.wallet

    def side(self, row: Row, amount: Field, at: datetime) -> Side | None:
        """Amount and asset of one side; None where it is not mapped or empty."""
        place = self.at.get(amount)
        if place is None:
            return None
        text = row[place].strip()
        if text in EMPTY:
            return None
        asset_place = self.at[ASSET_OF[amount]]
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

    def signed_amount(self, row: Row, at: datetime, meaning: Meaning) -> Side:
        """The amount of a row, received positive."""
        found = self.side(row, Field.AMOUNT, at)
        if found is None:
            raise RefusedField(Field.AMOUNT, "the amount is missing", "Fill it, or remove the row.")
        number, asset = found
        if Field.DIRECTION in self.at:
            text = self.text(row, Field.DIRECTION)
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

    def _parted(self, name: Field, text: str, code: str, together: bool) -> tuple[Decimal, str]:
        """Number and asset code of a cell; a currency sign has to agree with the code."""
        try:
            if together:
                text, code = split_unit(text)
            elif code and not text[0].isdigit() and (sign := sign_of(text)):
                refuse_other_sign(sign, code.strip())
            return self.number(text), code
        except RefusedCell as error:
            raise RefusedField(name, error.message, error.mend) from error
        except InvalidInputError as error:
            raise RefusedField(name, error.message, "See 'decimal' and 'thousands' in the layout.") from error

    def fee(self, row: Row, at: datetime) -> FeePart | None:
        """The fee of a row; None where it has none."""
        place = self.at.get(Field.FEE_AMOUNT)
        if place is None or (text := row[place].strip()) in EMPTY:
            return None
        asset_place = self.at.get(Field.FEE_ASSET)
        code = row[asset_place].strip() if asset_place is not None and asset_place != place else ""
        together = asset_place == place and not is_zero(text)
        number, code = self._parted(Field.FEE_AMOUNT, text, code, together)
        if not number:
            return None
        asset = self._asset(Field.FEE_ASSET, code, at) if code and code not in EMPTY else None
        return (number if self.layout.fee_negative else -number), asset

    def market(self, row: Row, at: datetime) -> tuple[AssetId, AssetId]:
        """Base and quote of the row's market."""
        if Field.MARKET not in self.at:
            base = self._asset(Field.BASE, self._code(row, Field.BASE), at)
            return base, self._asset(Field.QUOTE, self._code(row, Field.QUOTE), at)
        text = self.text(row, Field.MARKET)
        one, other = self._pair_of(text, at)
        assets = self._asset(Field.MARKET, one, at), self._asset(Field.MARKET, other, at)
        return assets if self.layout.market_order is MarketOrder.BASE_FIRST else (assets[1], assets[0])

    def _code(self, row: Row, name: Field) -> str:
        """The code of an asset, which may stand beside an amount in its cell."""
        text, place = self.text(row, name), self.at[name]
        amounts = (Field.QUANTITY, Field.TOTAL, Field.PRICE)
        return split_unit(text)[1] if any(self.at.get(one) == place for one in amounts) else text

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
            known = [pair for pair in pairs if all(self.assets.knows(code, at) for code in pair)]
            if len(known) != 1:
                raise RefusedField(
                    Field.MARKET,
                    f"{text[:40]!r} {'can be parted in several ways' if known else 'holds an unknown asset'}",
                    "Add the asset, or map 'base' and 'quote'.",
                )
            found = self._splits[text] = known[0]
        return found

    def _asset(self, name: Field, code: str, at: datetime) -> AssetId:
        try:
            return self.assets.find(code, at)
        except RefusedCell as error:
            raise RefusedField(name, error.message, error.mend) from error
        except InvalidInputError as error:
            raise RefusedField(
                name, error.message, "Or translate it under 'assets' in the layout."
            ) from error

    def maybe(self, row: Row, name: Field, asset: AssetId, at: datetime) -> Decimal | None:
        """A number in units of an asset; a unit or sign that stands in its cell has to be that asset's."""
        place = self.at.get(name)
        if place is None or (text := row[place].strip()) in EMPTY:
            return None
        if not text[-1].isalpha():
            return self._parted(name, text, "", False)[0]
        number, code = self._parted(name, text, "", True)
        if self._asset(name, code, at) != asset:
            raise RefusedField(name, f"{text[:40]!r} is not in the market's asset", "Correct the row.")
        return number

    def need(self, row: Row, name: Field, asset: AssetId, at: datetime) -> Decimal:
        """A number that has to be there, as `maybe`."""
        found = self.maybe(row, name, asset, at)
        if found is None:
            raise RefusedField(name, "the cell is empty", "Fill it, or remove the row.")
        return found

    def is_leg(self, row: Row, meaning: Meaning) -> bool:
        """Whether a row is one side of a trade whose other side stands in another row."""
        return (
            meaning in TRADES
            and Field.GROUP in self.at
            and self.text(row, Field.RECEIVED_AMOUNT) in EMPTY
            and self.text(row, Field.QUANTITY) in EMPTY
        )

    def text(self, row: Row, name: Field) -> str:
        """A cell without outer spaces; empty where it is not mapped."""
        place = self.at.get(name)
        return row[place].strip() if place is not None else ""

    def name(self, row: Row, name: Field) -> str:
        """A cell as one line of text; empty where it holds nothing."""
        text = self.text(row, name)
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

"""A draft of a layout for a header that nobody knows, and what neither words nor values decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from truenav.connect.files.amounts import EMPTY
from truenav.connect.files.columns import AGREES, EXACT, Column, Look, examine, meaning_of, status_of
from truenav.connect.files.forms import number_forms, time_forms
from truenav.connect.files.mapping import BadLayoutError, Field, Layout, Meaning, refuse_bad_layout
from truenav.connect.files.recognise import zone_in
from truenav.connect.files.times import TimeRule, abbreviation, has_offset
from truenav.core.money import exact

_TWO_SIDES = frozenset({Field.SENT_AMOUNT, Field.RECEIVED_AMOUNT})
_WAYS = (Meaning.DEPOSIT, Meaning.WITHDRAWAL)
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")

_SLACK, _LAST_DIGIT = Decimal("0.0001"), Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Guess:
    """What one column seems to be. ``field`` is empty for one that is not needed; ``confidence`` 0 to 100."""

    column: str
    field: str
    confidence: int
    reason: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a file does not tell.

    ``about`` is ``layout`` (several fit), ``days`` (their order in ``times.formats``), ``zone``, ``offsets``
    (of abbreviated zones), ``decimal``, ``words`` (of the type column), ``meaning``, ``asset``, ``quote``,
    ``fee`` (whose asset), ``fee_included`` or ``columns``. ``choices`` are the possible answers, empty where
    any text may be one.
    """

    about: str
    text: str
    choices: tuple[str, ...] = ()


def guess(
    name: str, header: tuple[str, ...], rows: Sequence[Sequence[str]], *, encoding: str, delimiter: str
) -> tuple[Layout, tuple[Guess, ...], tuple[Question, ...]]:
    """Draft a layout. What a question is about is left open in the draft, which is refused until answered."""
    columns = examine(header, rows)
    draft = _Draft({column.name: column for column in columns})
    draft.assign(columns)
    draft.arrange()
    draft.read_values(delimiter)
    layout = Layout(
        name=_slug(name),
        title=PurePath(name).stem[:100] or "export",
        columns={one.value: column for one, column in draft.fields.items()},
        headers=(header,),
        delimiter=delimiter,
        encoding=encoding,
        **draft.options,
    )
    if not draft.questions:
        try:
            refuse_bad_layout(layout)
        except BadLayoutError as error:
            draft.ask("columns", error.message)
    return layout, tuple(draft.told(column) for column in columns), tuple(draft.questions)


@dataclass(slots=True)
class _Draft:
    """Which column gives which field, and what follows from the values."""

    columns: dict[str, Column]
    fields: dict[Field, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)

    def ask(self, about: str, text: str, choices: tuple[str, ...] = ()) -> None:
        """Note what has to be answered."""
        self.questions.append(Question(about, text, choices))

    def told(self, column: Column) -> Guess:
        """What is proposed for a column, and why."""
        named = [one for one, name in self.fields.items() if name == column.name]
        if not named:
            return Guess(column.name, "", 0, f"not needed; its cells are {column.look}")
        score = max(column.scores.get(one, 50) for one in named)
        why = f"its name, and its cells are {column.look}" if score > 50 else f"its cells are {column.look}"
        return Guess(column.name, named[0].value, score, why)

    def assign(self, columns: list[Column]) -> None:
        """Each field to the column that fits it best, each column to one field."""
        order = [
            (score, -place, one, column.name)
            for place, column in enumerate(columns)
            for one, score in column.scores.items()
        ]
        taken: set[str] = set()
        for _, _, one, name in sorted(order, reverse=True):
            if one not in self.fields and name not in taken:
                self.fields[one] = name
                taken.add(name)
        self._refuse_rivals(columns, taken)

    def _refuse_rivals(self, columns: list[Column], taken: set[str]) -> None:
        """Leave an amount open where several columns may be it and none is called so plainly."""
        for one in (Field.AMOUNT, Field.QUANTITY):
            chosen = next((column for column in columns if column.name == self.fields.get(one)), None)
            if chosen is None or chosen.scores[one] > EXACT:
                continue
            least = chosen.scores[one] - AGREES
            rivals = [other.name for other in columns if other.scores.get(one, 0) > least]
            if any(name not in taken for name in rivals):
                self._drop(one)
                self.ask("columns", f"Which of these columns is {one.value!r}?", tuple(rivals))

    def arrange(self) -> None:
        """Make a form of what was found: two sides, a market with its side, or one signed amount."""
        has = self.fields
        self._find_clock()
        if not has.keys() >= _TWO_SIDES and {Field.AMOUNT, Field.QUANTITY} & has.keys():
            self._drop(Field.SENT_AMOUNT, Field.RECEIVED_AMOUNT, Field.SENT_ASSET, Field.RECEIVED_ASSET)
        self._share_assets()
        if {Field.SENT_AMOUNT, Field.RECEIVED_AMOUNT} & has.keys():
            self._drop(Field.AMOUNT, Field.ASSET, Field.QUANTITY, Field.PRICE, Field.TOTAL, Field.MARKET)
            self._drop(Field.BASE, Field.QUOTE, Field.SIDE)
        elif Field.SIDE in has or Field.MARKET in has or {Field.BASE, Field.QUOTE} <= has.keys():
            self._as_trades()
        elif self._has_trades():
            has[Field.BASE], has[Field.QUANTITY] = has[Field.ASSET], has[Field.AMOUNT]
            if Field.PRICE in has and Field.TOTAL in has and not self._is_product():
                self._drop(Field.TOTAL)
        else:
            self._rename(Field.QUANTITY, Field.AMOUNT)
            self._rename(Field.BASE, Field.ASSET)
            self._rename(Field.TOTAL, Field.AMOUNT)
            self._share_assets()
            self._drop(Field.PRICE, Field.TOTAL, Field.QUOTE, Field.QUANTITY)
            if Field.AMOUNT in has and Field.ASSET not in has:
                self.ask("asset", "Which asset are the amounts in? Give it as constant 'asset'.")
        if Field.FEE_AMOUNT not in has:
            self._drop(Field.FEE_ASSET)
        elif Field.FEE_ASSET not in has:
            self._ask_fee_asset()

    def _find_clock(self) -> None:
        """A column with the time of day beside one with the day."""
        day = time_forms(self._cells(Field.TIME))
        if not day or any("%H" in form or "%I" in form for form in day):
            return
        taken = set(self.fields.values())
        for name, column in self.columns.items():
            cells = [cell for cell in column.cells if cell not in EMPTY]
            if name not in taken and cells and all(_CLOCK.fullmatch(cell) for cell in cells):
                self.fields[Field.CLOCK] = name
                return

    def _has_trades(self) -> bool:
        """Whether some rows of a ledger are trades at a price, whose other asset a column tells."""
        has = self.fields
        words = {meaning_of(cell) for cell in set(self._cells(Field.TYPE))}
        needed = {Field.AMOUNT, Field.ASSET, Field.QUOTE} <= has.keys() and {
            Field.PRICE,
            Field.TOTAL,
        } & has.keys()
        return bool(needed and words & {Meaning.BUY, Meaning.SELL})

    def _share_assets(self) -> None:
        """Amounts with their unit, and sides whose one asset column serves both."""
        has = self.fields
        pairs = (
            (Field.SENT_AMOUNT, Field.SENT_ASSET),
            (Field.RECEIVED_AMOUNT, Field.RECEIVED_ASSET),
            (Field.AMOUNT, Field.ASSET),
            (Field.FEE_AMOUNT, Field.FEE_ASSET),
            (Field.QUANTITY, Field.BASE),
            (Field.TOTAL, Field.QUOTE),
        )
        for amount, asset in pairs:
            if amount in has and asset not in has and self.columns[has[amount]].look is Look.UNIT:
                has[asset] = has[amount]
        for amount, asset in pairs[:2]:
            if amount in has and asset not in has and Field.ASSET in has:
                has[asset] = has[Field.ASSET]

    def _as_trades(self) -> None:
        has = self.fields
        self._rename(Field.AMOUNT, Field.QUANTITY)
        if Field.MARKET in has:
            self._drop(Field.BASE, Field.QUOTE, Field.ASSET)
        else:
            self._rename(Field.ASSET, Field.BASE)
            if Field.QUOTE not in has:
                self.ask("quote", "Which asset are prices and totals in? Give it as constant 'quote'.")
        self._drop(Field.AMOUNT)
        if Field.PRICE in has and Field.TOTAL in has and not self._is_product():
            self._drop(Field.TOTAL)

    def _is_product(self) -> bool:
        """Whether totals are quantity times price, without fees in them, as far as the sample shows."""
        names = (self.fields.get(Field.QUANTITY, ""), self.fields[Field.PRICE], self.fields[Field.TOTAL])
        if not names[0]:
            return False
        rows = zip(*(self.columns[name].cells for name in names), strict=False)
        checked = [_near(*row) for row in rows if all(re.fullmatch(r"-?\d+(\.\d+)?", cell) for cell in row)]
        return bool(checked) and all(checked)

    def _ask_fee_asset(self) -> None:
        sides = ("base", "quote", "received", "sent")
        if Field.ASSET in self.fields and Field.QUANTITY not in self.fields:
            self.fields[Field.FEE_ASSET] = self.fields[Field.ASSET]
        else:
            self.ask("fee", "Which asset are the fees in? Give it as 'fee_side', or map 'fee_asset'.", sides)

    def _rename(self, old: Field, new: Field) -> None:
        if old in self.fields and new not in self.fields:
            self.fields[new] = self.fields.pop(old)

    def _drop(self, *names: Field) -> None:
        for name in names:
            self.fields.pop(name, None)

    def read_values(self, delimiter: str) -> None:
        """Times, numbers, signs and words from the cells."""
        self._times()
        numbers = [
            column.cells for column in self.columns.values() if column.look in (Look.NUMBER, Look.UNIT)
        ]
        forms = number_forms(numbers, delimiter)
        self.options["decimal"], self.options["thousands"] = forms[0] if len(forms) == 1 else ("", "")
        if len(forms) > 1:
            text = "Are decimals parted by a comma or a point? The sample could mean both."
            self.ask("decimal", text, tuple(point for point, _ in forms))
        for name in (Field.AMOUNT, Field.QUANTITY):
            if any(cell.startswith(("-", "(")) for cell in self._cells(name)):
                self.options["signed"] = True
        for name, option in ((Field.SENT_AMOUNT, "sent_negative"), (Field.FEE_AMOUNT, "fee_negative")):
            cells = [cell for cell in self._cells(name) if cell.strip("0.,")]
            self.options[option] = bool(cells) and all(cell.startswith("-") for cell in cells)
        if Field.FEE_AMOUNT in self.fields:
            self.ask(
                "fee_included",
                "Do the amounts have the fee in them, or does it come on top?",
                ("false", "true"),
            )
        self._words()

    def _times(self) -> None:
        cells = self._cells(Field.TIME)
        if not cells:
            return
        if Field.CLOCK in self.fields:
            clocks = self.columns[self.fields[Field.CLOCK]].cells
            days = self.columns[self.fields[Field.TIME]].cells
            cells = [f"{day} {clock}" for day, clock in zip(days, clocks, strict=True) if day and clock]
        forms = time_forms(cells)
        zone = zone_in(self.fields[Field.TIME])
        if not zone and not all(has_offset(cell) for cell in cells):
            self.ask("zone", "The times tell no zone; which one are they in?")
        abbreviated = sorted({abbreviation(cell) for cell in cells} - {""})
        if abbreviated:
            self.ask(
                "offsets", "What do these abbreviations stand for? Say it as -05:00.", tuple(abbreviated)
            )
        if len(forms) > 1:
            self.ask("days", "Which is the day, and which the month? The sample could mean both.", forms)
        self.options["times"] = TimeRule(forms if len(forms) == 1 else (), zone)

    def _words(self) -> None:
        statuses = {cell: status_of(cell) for cell in dict.fromkeys(self._cells(Field.STATUS))}
        self.options["statuses"] = {cell: counts for cell, counts in statuses.items() if counts is not None}
        named = Field.TYPE if Field.TYPE in self.fields else Field.SIDE
        words = {cell: meaning_of(cell) for cell in dict.fromkeys(self._cells(named))}
        self.options["words"] = {cell: meaning for cell, meaning in words.items() if meaning is not None}
        unknown = [cell for cell, meaning in words.items() if meaning is None]
        ways = {cell: meaning_of(cell) for cell in dict.fromkeys(self._cells(Field.DIRECTION))}
        self.options["directions"] = {
            cell: way is Meaning.DEPOSIT for cell, way in ways.items() if way in _WAYS
        }
        unknown += [cell for cell, way in ways.items() if way not in _WAYS]
        unknown += [cell for cell, counts in statuses.items() if counts is None]
        if unknown:
            self.ask(
                "words",
                "What do these words mean? Rows with them are refused until that is said.",
                tuple(unknown),
            )
        if named in self.fields:
            return
        if {Field.SENT_AMOUNT, Field.RECEIVED_AMOUNT} <= self.fields.keys():
            self.options["meaning"] = Meaning.BY_SIDES
        elif Field.QUANTITY in self.fields and self.options.get("signed"):
            self.options["meaning"] = Meaning.TRADE
        else:
            self.ask("meaning", "What are these rows?", tuple(one.value for one in Meaning))

    def _cells(self, name: Field) -> list[str]:
        column = self.fields.get(name)
        return [] if column is None else [cell for cell in self.columns[column].cells if cell not in EMPTY]


def _near(quantity: str, price: str, total: str) -> bool:
    """Whether a total is the product up to the rounding of its last digits."""
    with exact():
        product, given = abs(Decimal(quantity) * Decimal(price)), abs(Decimal(total))
        return abs(product - given) <= max(product, given) * _SLACK + _LAST_DIGIT


def _slug(name: str) -> str:
    """An identifier made of a file's name."""
    bare = re.sub(r"[^a-z0-9]+", "-", PurePath(name).stem.lower()).strip("-")
    return bare[:60].strip("-") or "export"

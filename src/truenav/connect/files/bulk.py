"""Many rows at once, column by column: for plain files several times as fast as row by row.

A batch whose columns all have the plain form is read here; any other is left to the engine's rows. Which
way a batch goes never shows: both end in the same statements of `truenav.connect.files.engine`, and where a
cell would be refused the batch is not plain.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from truenav.connect.files.amounts import EMPTY
from truenav.connect.files.bodies import Event, Side, nothing_traded, price_of
from truenav.connect.files.cells import FeePart, Row
from truenav.connect.files.engine import Engine
from truenav.connect.files.mapping import ASSET_OF, TRADES, Field, Meaning
from truenav.connect.files.rows import RefusedCell
from truenav.connect.files.table import MAX_CELL
from truenav.connect.files.times import ISO
from truenav.core.failure import InvalidInputError
from truenav.core.money import AssetId
from truenav.core.names import NAME_LENGTH
from truenav.core.trades import Trades

Rows = Sequence[tuple[int, Row]]
Refuse = Callable[[int, InvalidInputError | RefusedCell], None]

_ZERO = Decimal(0)
_SIZES = re.compile(r"(?:(?:\d{1,20}(?:\.\d{1,16})?|-)?\n)*", re.ASCII)
_NUMBERS = re.compile(r"(?:(?:-?\d{1,20}(?:\.\d{1,16})?|-)?\n)*", re.ASCII)
_INSTANTS = re.compile(r"(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})?\n)*", re.ASCII)
_INSTANTS_UTC = re.compile(r"(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,6})? UTC\n)*", re.ASCII)
_WORDS = (Field.STATUS, Field.TYPE, Field.SUBTYPE, Field.SIDE)
_SALES = frozenset({Meaning.BUY, Meaning.SELL, Meaning.IGNORE})
_NEVER = frozenset({Field.CLOCK, Field.DIRECTION})
_TWO_SIDES = frozenset({Field.SENT_AMOUNT, Field.RECEIVED_AMOUNT})


class NotPlain(Exception):
    """A batch that has to be read row by row."""


class Bulk:
    """Reads batches of one file for its engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cells = engine.cells
        self._at = engine.cells.at
        places = sorted(set(self._at.values()))
        self._column = {field: places.index(place) for field, place in self._at.items()}
        self._combined: dict[tuple[tuple[Field, ...], tuple[str, ...]], Any] = {}
        has = self._at.keys()
        shapes = (bool(_TWO_SIDES & has), Field.QUANTITY in has, Field.AMOUNT in has)
        together = any(
            self._at.get(amount) == self._at.get(asset) is not None
            for amount, asset in (*ASSET_OF.items(), (Field.FEE_AMOUNT, Field.FEE_ASSET))
        )
        layout = engine.layout
        self.serves = (
            sum(shapes) == 1
            and not (_NEVER & has or together or layout.sent_negative)
            and layout.decimal == "."
            and not (
                shapes[1] and any(self._at.get(Field.BASE) == self._at[one] for one in (Field.QUANTITY,))
            )
        )

    def add(self, rows: Rows, refuse: Refuse) -> None:
        """State what a batch of rows says. ``refuse`` gets the rows that are refused, in their order.

        Raises `NotPlain`, with nothing stated and nothing remembered, for a batch that needs the rows' way.
        """
        try:
            batch = _Batch(self, rows)
            straight = self._straight(batch)
            if straight is not None:
                self._engine.stated.add(straight(refuse))
                return
            if Field.QUANTITY in self._at:
                run = self._markets(batch)
            elif Field.AMOUNT in self._at:
                run = self._amounts(batch)
            else:
                run = self._sides(batch)
            heads = batch.heads()
        except (KeyError, ValueError, RefusedCell, InvalidInputError) as error:
            raise NotPlain from error
        for n, line, meaning, own, at, account, wallet, order, txid, other, cells in heads:
            if meaning is Meaning.IGNORE:
                continue
            try:
                name = self._engine.name_of(line, own, cells)
                if name is not None:
                    run(n, line, meaning, Event(name, at, account, wallet, order, txid, other))
            except (RefusedCell, InvalidInputError) as error:
                refuse(line, error)

    def _straight(self, batch: _Batch) -> Callable[[Refuse], Trades] | None:
        """Trades of markets that say everything themselves, in columns; None where some do not.

        All that can show that a batch is not plain is read here, before anything of it is remembered.
        """
        layout = self._engine.layout
        if Field.QUANTITY not in self._at or Field.TOTAL not in self._at:
            return None
        if layout.signed or layout.fee_included or not _SALES.issuperset(batch.meanings):
            return None
        quantities, totals = batch.numbers(Field.QUANTITY, _SIZES), batch.numbers(Field.TOTAL, _SIZES)
        fees = batch.fees()
        if None in quantities or None in totals or any(fee is not None and fee[1] is None for fee in fees):
            return None
        at, stated = batch.times[0], self._engine.stated
        markets = batch.markets()
        pairs = {pair: stated.pair(*pair, at) for pair in set(markets)}
        bought = [meaning is Meaning.BUY for meaning in batch.meanings]
        signed = [
            (size, -total) if buys else (-size, total)
            for buys, size, total in zip(bought, quantities, totals, strict=True)
            if size is not None and total is not None
        ]
        accounts, wallets, orders = batch.accounts(), batch.wallets(), batch.names(Field.ORDER_ID)

        def state(refuse: Refuse) -> Trades:
            names = self._names(batch, quantities, refuse)
            trades = Trades(
                source=stated.source,
                evidence=stated.evidence,
                account=accounts,
                external_id=[name or "" for name in names],
                occurred_at=batch.times,
                wallet=wallets,
                instrument=[pairs[pair] for pair in markets],
                quantity=[size for size, _ in signed],
                price=[price_of(cost, size) if size else _ZERO for size, cost in signed],
                cost=[cost for _, cost in signed],
                cost_asset=[pair[1] for pair in markets],
                realised=[None] * len(names),
                realised_asset=[None] * len(names),
                fee=[None if fee is None else fee[0] for fee in fees],
                fee_asset=[None if fee is None else fee[1] for fee in fees],
                order_id=orders,
                tag=[None] * len(names),
            )
            return trades.kept(names) if None in names else trades

        return state

    def _names(
        self, batch: _Batch, quantities: Sequence[Decimal | None], refuse: Refuse
    ) -> Sequence[str | None]:
        """The id of each row's trade; None for rows that are ignored, refused, or repeat another."""
        own = batch.texts(Field.ID)
        plain = Meaning.IGNORE not in batch.meanings and _ZERO not in quantities and not any(own)
        if plain and max(map(len, batch.joined)) <= MAX_CELL:
            return self._engine.names_of(batch.joined)
        names: list[str | None] = []
        for line, meaning, text, cells, size in zip(
            batch.lines, batch.meanings, own, batch.joined, quantities, strict=True
        ):
            names.append(None)
            if meaning is Meaning.IGNORE:
                continue
            try:
                names[-1] = self._engine.name_of(line, text, cells)
                if names[-1] is not None and not size:
                    names[-1] = None
                    raise nothing_traded()
            except (RefusedCell, InvalidInputError) as error:
                refuse(line, error)
        return names

    def _markets(self, batch: _Batch) -> Callable[[int, int, Meaning, Event], None]:
        if not TRADES.union({Meaning.IGNORE}).issuperset(batch.meanings):
            raise NotPlain
        markets, fees, engine = batch.markets(), batch.fees(), self._engine
        quantities = batch.numbers(Field.QUANTITY, _NUMBERS)
        totals = batch.numbers(Field.TOTAL, _NUMBERS)
        prices = batch.numbers(Field.PRICE, _NUMBERS)
        if None in quantities or any(t is None and p is None for t, p in zip(totals, prices, strict=True)):
            raise NotPlain

        def run(n: int, line: int, meaning: Meaning, event: Event) -> None:
            del line
            base, quote = markets[n]
            total, price = totals[n], prices[n]
            engine.market_trade(
                event, meaning, (quantities[n] or _ZERO, base), (total, quote), price, fees[n]
            )

        return run

    def _sides(self, batch: _Batch) -> Callable[[int, int, Meaning, Event], None]:
        sent, received = batch.sides(Field.SENT_AMOUNT, _SIZES), batch.sides(Field.RECEIVED_AMOUNT, _SIZES)
        fees, there, engine = batch.fees(), batch.texts(Field.TO_ACCOUNT), self._engine
        if Field.GROUP in self._at:
            raise NotPlain

        def run(n: int, line: int, meaning: Meaning, event: Event) -> None:
            del line
            if meaning in TRADES:
                engine.exchange(event, sent[n], received[n], fees[n])
            else:
                engine.by_sides(event, meaning, sent[n], received[n], fees[n], there[n])

        return run

    def _amounts(self, batch: _Batch) -> Callable[[int, int, Meaning, Event], None]:
        if not self._engine.layout.signed:
            raise NotPlain
        amounts, fees = batch.sides(Field.AMOUNT, _NUMBERS), batch.fees()
        groups, engine = batch.texts(Field.GROUP), self._engine
        if None in amounts:
            raise NotPlain

        def run(n: int, line: int, meaning: Meaning, event: Event) -> None:
            side = amounts[n]
            assert side is not None
            if meaning in TRADES:
                engine.leg(line, event, side, fees[n], groups[n])
            else:
                engine.one_side(event, meaning, side, fees[n])

        return run

    def known(self, fields: tuple[Field, ...], texts: tuple[str, ...], read: Callable[[], Any]) -> Any:
        """What a combination of texts means, read once for the file."""
        key = (fields, texts)
        if key not in self._combined:
            self._combined[key] = read()
        return self._combined[key]


class _Batch:
    """The columns of one batch."""

    def __init__(self, bulk: Bulk, rows: Rows) -> None:
        self._bulk = bulk
        self._engine = bulk._engine
        self._cells = bulk._cells
        self._at = bulk._at
        constants = self._engine.constants
        self._rows = [[*row, *constants] for _, row in rows] if constants else [row for _, row in rows]
        self.lines = [line for line, _ in rows]
        mapped = [self._engine.mapped(row) for row in self._rows]
        self.joined = ["\0".join(cells) for cells in mapped]
        self._columns = list(zip(*mapped, strict=True))
        self.meanings: list[Meaning] = self._combinations(_WORDS, self._cells.meaning)
        self.times = self._instants()

    def heads(self) -> Any:
        """For each row its number, line and meaning, and the parts of its event."""
        return zip(
            range(len(self.lines)),
            self.lines,
            self.meanings,
            self.texts(Field.ID),
            self.times,
            self.accounts(),
            self.wallets(),
            self.names(Field.ORDER_ID),
            self.names(Field.TXID),
            self.names(Field.COUNTERPART),
            self.joined,
            strict=True,
        )

    def accounts(self) -> Sequence[str]:
        """Whose each row is."""
        return self._combinations((Field.ACCOUNT, Field.TO_ACCOUNT), self._cells.account)

    def wallets(self) -> Sequence[str]:
        """The wallet of each row."""
        return self._combinations((Field.WALLET,), self._cells.wallet)

    def texts(self, name: Field) -> Sequence[str]:
        """A column without outer spaces; empty texts where it is not mapped."""
        column = self._raw(name)
        return [""] * len(self.lines) if column is None else [cell.strip() for cell in column]

    def numbers(self, name: Field, form: re.Pattern[str]) -> Sequence[Decimal | None]:
        """A column of plain numbers; None for empty cells and where it is not mapped."""
        column = self._raw(name)
        if column is None:
            return [None] * len(self.lines)
        if form.fullmatch("\n".join(column) + "\n") is None:
            raise NotPlain
        return [None if cell in EMPTY else Decimal(cell) or _ZERO for cell in column]

    def sides(self, name: Field, form: re.Pattern[str]) -> Sequence[Side | None]:
        """Amounts with their assets; None where there is none."""
        if name not in self._at:
            return [None] * len(self.lines)
        assets, codes = self._assets(ASSET_OF[name])
        numbers = self.numbers(name, form)
        return [
            None if number is None else (number, assets[code])
            for number, code in zip(numbers, codes, strict=True)
        ]

    def fees(self) -> Sequence[FeePart | None]:
        """Fees, negative when paid, with their asset where a column tells it."""
        numbers = self.numbers(Field.FEE_AMOUNT, _NUMBERS)
        sign = 1 if self._engine.layout.fee_negative else -1
        if Field.FEE_AMOUNT not in self._at:
            return numbers  # type: ignore[return-value]  # all of them None
        if Field.FEE_ASSET not in self._at:
            return [None if not number else (sign * number, None) for number in numbers]
        assets, codes = self._assets(Field.FEE_ASSET)
        return [
            None if not number else (sign * number, None if code in EMPTY else assets[code])
            for number, code in zip(numbers, codes, strict=True)
        ]

    def markets(self) -> Sequence[tuple[AssetId, AssetId]]:
        """Base and quote of each row."""
        if Field.MARKET in self._at:
            self._refuse_dated()
            at = self.times[0]
            return self._combinations((Field.MARKET,), lambda row: self._cells.market(row, at))
        (bases, base_codes), (quotes, quote_codes) = self._assets(Field.BASE), self._assets(Field.QUOTE)
        return [(bases[one], quotes[other]) for one, other in zip(base_codes, quote_codes, strict=True)]

    def _assets(self, name: Field) -> tuple[dict[str, AssetId], Sequence[str]]:
        """The assets of a column by their codes, and the codes themselves."""
        codes = self._raw(name)
        if codes is None:
            raise NotPlain
        self._refuse_dated()
        assets = self._cells.assets
        return {code: assets.find(code, self.times[0]) for code in set(codes) if code not in EMPTY}, codes

    def _refuse_dated(self) -> None:
        if self._cells.assets.any_dated:
            raise NotPlain

    def names(self, name: Field) -> Sequence[str]:
        """A column of names as others gave them; empty where there is none."""
        column = self._raw(name)
        if column is None:
            return [""] * len(self.lines)
        cells = [cell.strip() for cell in column]
        if max(map(len, cells)) > NAME_LENGTH or not "".join(cells).isprintable():
            raise NotPlain
        return ["" if cell in EMPTY else cell for cell in cells]

    def _instants(self) -> Sequence[datetime]:
        column = self._raw(Field.TIME)
        if column is None:
            raise NotPlain
        rule = self._engine.layout.times
        text = "\n".join(column) + "\n"
        if rule.formats[0] == ISO and not rule.offsets:
            if rule.zone == "UTC" and _INSTANTS.fullmatch(text):
                return [datetime.fromisoformat(cell + "+00:00") for cell in column]
            if _INSTANTS_UTC.fullmatch(text):
                return [datetime.fromisoformat(cell[:-4] + "+00:00") for cell in column]
        return [self._cells.time(cell.strip()) for cell in column]

    def _combinations(self, fields: tuple[Field, ...], read: Callable[[Row], Any]) -> list[Any]:
        """What a few fields of each row say together; every combination is read once."""
        given = tuple(field for field in fields if field in self._at)
        if not given:
            return [self._bulk.known(fields, (), lambda: read(self._rows[0]))] * len(self.lines)
        texts = list(zip(*(self._raw(field) or () for field in given), strict=True))
        first = dict(zip(reversed(texts), range(len(texts) - 1, -1, -1), strict=True))
        found = {
            text: self._bulk.known(fields, text, lambda n=n: read(self._rows[n]))  # type: ignore[misc]
            for text, n in first.items()
        }
        return [found[text] for text in texts]

    def _raw(self, name: Field) -> tuple[str, ...] | None:
        place = self._bulk._column.get(name)
        return None if place is None else self._columns[place]

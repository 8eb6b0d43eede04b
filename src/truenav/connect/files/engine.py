"""Rows of an export as facts, by its layout: one engine for every layout, built-in or a person's own.

A row with an id of its own keeps it. One without gets the hash of its mapped cells and, where equal rows
stand in the file, its number among them: two exports that overlap state the same facts in the overlap.
Legs of one trade that stand in rows of their own are put together by their group, and its text is hashed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from hashlib import sha256
from operator import itemgetter

from truenav.connect.contract import ParseContext
from truenav.connect.files.amounts import EMPTY, Assets
from truenav.connect.files.bodies import Event, Side, Stated, amount_of
from truenav.connect.files.cells import Cells, FeePart, RefusedField, Row
from truenav.connect.files.mapping import TRADES, FeeSide, Field, Layout, Meaning, places_of
from truenav.connect.files.rows import RefusedCell
from truenav.connect.files.table import MAX_CELL
from truenav.core.ids import Sha256
from truenav.core.money import Amount, AssetId

_ID_LENGTH = 200
_HASH_DIGITS = 32
_ZERO = Decimal(0)
_BUYS_AND_SELLS = (Meaning.BUY, Meaning.SELL)


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
    cells: Cells = field(init=False)
    duplicates: list[int] = field(default_factory=list)
    mapped: Callable[[Row], tuple[str, ...]] = field(init=False)
    constants: tuple[str, ...] = ()
    _groups: dict[tuple[str, ...], list[Leg]] = field(default_factory=dict)
    _counts: dict[bytes, int] = field(default_factory=dict)
    _seen: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = places_of(self.layout, self.columns)
        assets = Assets(self.layout, self.context)
        self.stated = Stated(self.layout, self.evidence, self.context, assets)
        self.cells = Cells(self.layout, at, assets, self.account)
        self.constants = tuple(self.layout.constants.values())
        places = sorted(set(at.values()))
        self.mapped = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)

    def add(self, line: int, row: Row) -> None:
        """Read one row. Raises ``RefusedCell`` or ``InvalidInputError`` where it states nothing for sure."""
        if self.constants:
            row = [*row, *self.constants]
        cells = self.cells
        meaning = cells.meaning(row)
        if meaning is Meaning.IGNORE:
            return
        at = cells.instant(row)
        name = self.name_of(line, cells.text(row, Field.ID), "\0".join(self.mapped(row)))
        if name is None:
            return
        event = Event(
            name,
            at,
            cells.account(row),
            cells.wallet(row),
            cells.name(row, Field.ORDER_ID),
            cells.name(row, Field.TXID),
            cells.name(row, Field.COUNTERPART),
        )
        if meaning in TRADES:
            self._trade(line, row, event, meaning)
        elif meaning is Meaning.BY_SIDES or Field.AMOUNT not in cells.at:
            sent = cells.side(row, Field.SENT_AMOUNT, at)
            received = cells.side(row, Field.RECEIVED_AMOUNT, at)
            there = cells.text(row, Field.TO_ACCOUNT)
            self.by_sides(event, meaning, sent, received, cells.fee(row, at), there)
        else:
            side = cells.signed_amount(row, at, meaning)
            self.one_side(event, meaning, side, cells.fee(row, at))

    def names_of(self, rows: Sequence[str]) -> list[str]:
        """The ids of the facts of rows that have none of their own, as `name_of` gives them."""
        counts, names = self._counts, []
        for cells in rows:
            digest = sha256(cells.encode("utf-8", "surrogatepass")).digest()[: _HASH_DIGITS // 2]
            count = counts[digest] = counts.get(digest, 0) + 1
            names.append(digest.hex() if count == 1 else f"{digest.hex()}-{count}")
        return names

    def name_of(self, line: int, own: str, cells: str) -> str | None:
        """The id of a row's facts; None for one that repeats an earlier row with the same id."""
        if len(cells) > MAX_CELL:
            raise RefusedCell(f"the row has more than {MAX_CELL} characters", "Shorten its cells.")
        digest = sha256(cells.encode("utf-8", "surrogatepass")).digest()[: _HASH_DIGITS // 2]
        if not own or own in EMPTY:
            count = self._counts[digest] = self._counts.get(digest, 0) + 1
            return digest.hex() if count == 1 else f"{digest.hex()}-{count}"
        if len(own) > _ID_LENGTH or not own.isprintable():
            raise RefusedField(
                Field.ID, "the id is too long or holds control characters", "Map another column."
            )
        first = self._seen.setdefault(own, (line, digest))
        if first[0] == line:
            return own
        if first[1] == digest:
            self.duplicates.append(line)
            return None
        raise RefusedField(
            Field.ID,
            f"the id of line {first[0]} stands here with other content",
            "Keep the right row; where rows share the id of their order, map it to 'order_id' or 'group'.",
        )

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
        place = (
            self.cells.at.get(refused.field, len(self.columns)) if isinstance(refused, RefusedField) else -1
        )
        return self.columns[place] if 0 <= place < len(self.columns) else ""

    # -- trades

    def _trade(self, line: int, row: Row, event: Event, meaning: Meaning) -> None:
        cells, at = self.cells, event.at
        if Field.QUANTITY in cells.at and cells.text(row, Field.QUANTITY) not in EMPTY:
            base, quote = cells.market(row, at)
            quantity = cells.need(row, Field.QUANTITY, base, at)
            total = cells.maybe(row, Field.TOTAL, quote, at)
            price = None if total is not None else cells.need(row, Field.PRICE, quote, at)
            fee = cells.fee(row, at)
            self.market_trade(event, meaning, (quantity, base), (total, quote), price, fee)
            return
        if cells.is_leg(row, meaning):
            side = cells.signed_amount(row, at, Meaning.TRADE)
            self.leg(line, event, side, cells.fee(row, at), cells.text(row, Field.GROUP))
            return
        sent = cells.side(row, Field.SENT_AMOUNT, at)
        received = cells.side(row, Field.RECEIVED_AMOUNT, at)
        if sent is None and Field.SENT_AMOUNT not in cells.at:
            sent = cells.side(row, Field.AMOUNT, at)
            sent = (abs(sent[0]), sent[1]) if sent is not None and self.layout.signed else sent
        self.exchange(event, sent, received, cells.fee(row, at))

    def exchange(
        self,
        event: Event,
        sent: Side | None,
        received: Side | None,
        part: FeePart | None,
        base: AssetId | None = None,
    ) -> None:
        """State a trade of two known sides with its fee."""
        if sent is None or received is None:
            raise RefusedCell("a trade needs what was sent and what was received", "Fill both amounts.")
        if part is None:
            self.stated.trade(event, sent, received, (), base)
            return
        fee = self._fee(part, sent[1], received[1], base)
        if self.layout.fee_included:
            if fee.asset == received[1]:
                received = (received[0] - fee.number, received[1])
            elif fee.asset == sent[1]:
                sent = (sent[0] + fee.number, sent[1])
            if sent[0] < 0 or received[0] < 0:
                raise RefusedField(
                    Field.FEE_AMOUNT, "the fee is more than the amount it is in", "Correct it."
                )
            if fee.asset not in (sent[1], received[1]):
                self.stated.trade(event, sent, received, (), base)
                return
        self.stated.trade(event, sent, received, (fee,), base)

    def market_trade(
        self,
        event: Event,
        meaning: Meaning,
        bought: Side,
        paid: tuple[Decimal | None, AssetId],
        price: Decimal | None,
        part: FeePart | None,
    ) -> None:
        """State a trade of a market: the quantity of its base for a total of its quote, or at a price."""
        quantity, base = bought
        total, quote = paid
        if self.layout.signed:
            if meaning is Meaning.TRADE:
                meaning = Meaning.BUY if quantity > 0 else Meaning.SELL
            quantity = -quantity if meaning is Meaning.SELL and quantity < 0 else quantity
            total = total if total is None else abs(total)
        if meaning not in _BUYS_AND_SELLS:
            raise RefusedField(Field.SIDE, "nothing tells whether it was bought or sold", "Map 'side'.")
        cost = total if total is not None else quantity * (price if price is not None else _ZERO)
        if quantity < 0 or cost < 0:
            raise RefusedField(Field.QUANTITY, "a trade cannot be negative", "Say 'signed' in the layout.")
        if meaning is Meaning.BUY:
            self.exchange(event, (cost, quote), (quantity, base), part, base)
        else:
            self.exchange(event, (quantity, base), (cost, quote), part, base)

    def leg(self, line: int, event: Event, side: Side, part: FeePart | None, group: str) -> None:
        """Keep one side of a trade, received positive, until the file's end shows the other."""
        if not group:
            raise RefusedField(Field.GROUP, "nothing tells the other side of this trade", "Fill the cell.")
        number, asset = side
        fee = None if part is None else self._fee(part, asset, asset)
        key = (group, event.account, event.wallet)
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
        event = first.event._replace(id=sha256(text).hexdigest()[:_HASH_DIGITS])
        paid = tuple(Amount(number, asset) for asset, number in sorted(fees.items()) if number)
        self.stated.trade(event, (-sent, sent_asset), (received, received_asset), paid)

    # -- everything else

    def by_sides(
        self,
        event: Event,
        meaning: Meaning,
        sent: Side | None,
        received: Side | None,
        part: FeePart | None,
        there: str = "",
    ) -> None:
        """A row that may have both sides: which are filled tells what it is, where its word does not.

        ``there`` is the text of the account in which what was received is, where a column tells.
        """
        if sent is not None and received is not None:
            if sent[1] != received[1] and meaning is Meaning.BY_SIDES:
                self.exchange(event, sent, received, part)
                return
            if sent[1] == received[1]:
                sent, received = sent if sent[0] else None, received if received[0] else None
        if sent is not None and received is not None:
            if meaning not in (Meaning.TRANSFER, Meaning.BY_SIDES):
                raise RefusedCell(f"a {meaning} cannot have two sides", "Give the word the meaning 'trade'.")
            account = self.cells.account_called(there) if there else event.account
            fee = None if part is None else self._fee(part, sent[1], received[1])
            other = event._replace(id=f"{event.id}-in", account=account)
            self.stated.moved(event, other, sent, received, fee)
        elif received is not None:
            self._only_side(event, meaning, Meaning.DEPOSIT, received, part)
        elif sent is not None:
            self._only_side(event, meaning, Meaning.WITHDRAWAL, (-sent[0], sent[1]), part)
        elif part is not None and part[1] is not None:
            self.stated.one_side(event, Meaning.FEE, part[0], part[1], None)
        else:
            raise RefusedCell("the row has no amount", "Fill it, or give its word 'ignore'.")

    def _only_side(
        self, event: Event, meaning: Meaning, natural: Meaning, side: Side, part: FeePart | None
    ) -> None:
        """The side that is filled; ``natural`` is what it is where its word leaves that to the sides."""
        if meaning is Meaning.BY_SIDES:
            meaning = natural
        if meaning is not natural and meaning in (Meaning.DEPOSIT, Meaning.WITHDRAWAL):
            raise RefusedCell(f"a {meaning} has its amount on the other side", "Correct the row.")
        self.one_side(event, meaning, side, part)

    def one_side(self, event: Event, meaning: Meaning, side: Side, part: FeePart | None) -> None:
        """State what came or went without a counter-asset, with its fee."""
        number, asset = side
        if part is None:
            self.stated.one_side(event, meaning, number, asset, None)
            return
        fee = self._fee(part, asset, asset)
        if self.layout.fee_included and fee.asset == asset:
            number -= fee.number
        self.stated.one_side(event, meaning, number, asset, fee)

    def _fee(self, part: FeePart, sent: AssetId, received: AssetId, base: AssetId | None = None) -> Amount:
        """A fee in its asset, which the layout's ``fee_side`` tells where no cell does."""
        number, asset = part
        if asset is None:
            quote = None if base is None else received if base == sent else sent
            sides: Mapping[FeeSide, AssetId | None] = {
                FeeSide.SENT: sent,
                FeeSide.RECEIVED: received,
                FeeSide.BASE: base,
                FeeSide.QUOTE: quote,
            }
            asset = sides.get(self.layout.fee_side)
        if asset is None:
            raise RefusedField(
                Field.FEE_ASSET, "the fee has no asset", "Fill it, or give the layout a 'fee_side'."
            )
        return amount_of(number, asset)

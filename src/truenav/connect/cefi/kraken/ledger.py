"""The past of a Kraken account. The ledger states every movement of money once, but for trades.

A trade is stated by the list of trades, with the amounts and fees that the ledger booked for it: these are
rounded as the balance is. Positions on margin move no coins; what they realise, cost and take overnight is
booked in money.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import permutations, product

from truenav.connect.cefi.kraken.names import MAIN, VENUE, asset, listed, margin_id, pair_id, spellings
from truenav.connect.cefi.kraken.notes import (
    TRADED,
    Booked,
    LedgerNotes,
    booked,
    ledger_notes,
    rows,
    seconds,
    trade_notes,
)
from truenav.connect.contract import ParseContext, Parsed, Problem
from truenav.connect.document import Node
from truenav.connect.reading import Reading, noted_tags
from truenav.core.evidence import Evidence
from truenav.core.facts import CashFlow, CashKind, Trade, Transfer, TransferKind
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import ONE, ZERO, Amount, AssetId, exact

_EXTERNAL = frozenset({"deposit", "withdrawal"})
_INTERNAL: Mapping[str, str] = {"transfer": "", "custodytransfer": "custody"}
"""Types of transfers between own places, and where the other end is if the subtype does not tell."""
_PLACES: Mapping[str, str] = {
    "spottofutures": "krakenfutures",
    "spotfromfutures": "krakenfutures",
    "spottostaking": "earn",
    "spotfromstaking": "earn",
    "stakingtospot": "earn",
    "stakingfromspot": "earn",
}
_ALLOCATED = frozenset({"allocation", "deallocation", "autoallocation", "migration"})
"""What goes into an earn product or comes out of it: a line for the coin and one for its variant."""
_CASH: Mapping[str, CashKind] = {
    "earn": CashKind.REWARD,
    "staking": CashKind.REWARD,
    "reward": CashKind.REWARD,
    "dividend": CashKind.REWARD,
    "airdrop": CashKind.REWARD,
    "nftrebate": CashKind.REWARD,
    "nft_rebate": CashKind.REWARD,
    "nftcreatorfee": CashKind.REWARD,
    "creator_fee": CashKind.REWARD,
    "invite bonus": CashKind.REWARD,
    "rollover": CashKind.INTEREST,
    "trade": CashKind.REALISED,
    "margin": CashKind.REALISED,
    "settled": CashKind.REALISED,
    "spend": CashKind.REALISED,
    "receive": CashKind.REALISED,
    "sale": CashKind.REALISED,
    "conversion": CashKind.REALISED,
    "nfttrade": CashKind.REALISED,
}
"""Kinds of cash; a conversion is two lines, one for each coin."""


# -- trades ---------------------------------------------------------------------------------------


def trades(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """A page of trades. Without a note of what was booked a trade's own numbers are taken."""
    reading, notes = Reading(evidence, context), trade_notes(evidence)
    tags = noted_tags(evidence) or {}
    with exact():
        for trade, row in rows(body, "trades"):
            at = seconds(row, "time")
            if notes is not None and at < notes.since:
                continue
            lines = () if notes is None else notes.booked.get(trade, ())
            if notes is not None and not lines and not _in_kind(row, known=trade in notes.booked):
                message = f"The ledger has no entry of trade {trade[:60]} yet."
                reading.lost(trade, message, "Gather again; if it stays, look the trade up at the venue.")
            elif _on_margin(row, lines):
                _margin_trade(reading, trade, row, lines, tags)
            else:
                _spot_trade(reading, trade, row, lines, tags)
    return reading.done()


def _in_kind(row: Node, *, known: bool) -> bool:
    """Whether a trade closes a position that is settled in kind: the ledger states its coins by themselves.

    ``known``: all entries of the trade are there, and none of them is of a trade.
    """
    return "settle" in row.text_or("ordertype") or (known and _on_margin(row, ()))


def _on_margin(row: Node, lines: Iterable[Booked]) -> bool:
    """Whether a trade opens or closes a position on margin; where nothing was booked its own marks tell."""
    kinds = {one.type for one in lines} & TRADED
    if kinds:
        return "margin" in kinds
    closes = "closing" in row.text_or("misc").split(",") or "settle" in row.text_or("ordertype")
    return closes or bool(row.decimal_or("margin", ZERO)) or bool(row.text_or("posstatus"))


@dataclass(frozen=True, slots=True)
class _Moved:
    """Amounts and fees by asset."""

    amounts: Mapping[AssetId, Decimal]
    fees: tuple[Amount, ...]


def _moved(reading: Reading, lines: Iterable[Booked], at: datetime) -> _Moved:
    amounts: dict[AssetId, Decimal] = {}
    fees: dict[AssetId, Decimal] = {}
    for line in lines:
        code = asset(reading, line.asset, at)
        amounts[code] = amounts.get(code, ZERO) + line.amount
        fees[code] = fees.get(code, ZERO) + line.fee
    return _Moved(amounts, tuple(Amount(-fees[code], code) for code in sorted(fees) if fees[code]))


def _sign(row: Node) -> int:
    side = row.text("type")
    if side not in ("buy", "sell"):
        raise row.wrong("type is neither buy nor sell")
    return 1 if side == "buy" else -1


def _own_numbers(row: Node, terms: Instrument) -> _Moved:
    """What a trade says of itself: quantity, cost and a fee in the quote asset."""
    sign, fee = _sign(row), row.decimal_or("fee", ZERO)
    amounts = {terms.base: sign * row.decimal("vol"), terms.quote: -sign * row.decimal("cost")}
    return _Moved(amounts, (Amount(-fee, terms.quote),) if fee else ())


def _spot_trade(
    reading: Reading, trade: str, row: Node, lines: tuple[Booked, ...], tags: Mapping[str, str | None]
) -> None:
    at, order = seconds(row, "time"), row.text("ordertxid")
    terms = listed(reading, row.text("pair")) or _delisted(reading, row.text("pair"), lines, at)
    if terms is None:
        if not _variants(reading, trade, lines, at):
            reading.instrument(pair_id(row.text("pair")), lost=True)
        return
    moved = _moved(reading, lines, at) if lines else _own_numbers(row, terms)
    if terms.base not in moved.amounts:
        message = f"The ledger booked trade {trade[:60]} in other coins than its pair's."
        reading.lost(trade, message, "Look the trade up at the venue, and report its entries.")
        return
    body = Trade(
        wallet=MAIN,
        instrument=terms.id,
        quantity=moved.amounts[terms.base],
        price=row.decimal("price"),
        cost=Amount(moved.amounts.get(terms.quote, ZERO), terms.quote),
        realised=None,
        fees=moved.fees,
        order_id=order,
        tag=tags.get(order),
    )
    reading.state(f"trade:{trade}", at, body)


def _variants(reading: Reading, trade: str, lines: Sequence[Booked], at: datetime) -> bool:
    """State a trade of a coin for its own variant (ETH2.S for ETH) as cash; False where it is none."""
    moved = _moved(reading, lines, at)
    if len({line.asset for line in lines}) < 2 or len(moved.amounts) > 1:
        return False
    flows = [(CashKind.REALISED, Amount(number, code)) for code, number in moved.amounts.items() if number]
    flows += [(CashKind.FEE, fee) for fee in moved.fees]
    for kind, amount in flows:
        reading.state(f"trade:{trade}:{kind.value}", at, CashFlow(MAIN, kind, amount))
    return True


def _margin_trade(
    reading: Reading, trade: str, row: Node, lines: tuple[Booked, ...], tags: Mapping[str, str | None]
) -> None:
    """A position on margin changed by ``vol``; what was booked in the quote asset is what it realised."""
    terms = listed(reading, row.text("pair"), margin=True)
    if terms is None:
        reading.instrument(margin_id(row.text("pair")), lost=True)
        return
    at, order = seconds(row, "time"), row.text("ordertxid")
    moved = _moved(reading, lines, at)
    body = Trade(
        wallet=MAIN,
        instrument=terms.id,
        quantity=_sign(row) * row.decimal("vol"),
        price=row.decimal("price"),
        cost=None,
        realised=Amount(moved.amounts.get(terms.settle, ZERO), terms.settle),
        fees=moved.fees,
        order_id=order,
        tag=tags.get(order),
    )
    reading.state(f"trade:{trade}", at, body)
    for code in sorted(moved.amounts.keys() - {terms.settle}):
        if number := moved.amounts[code]:
            flow = CashFlow(MAIN, CashKind.REALISED, Amount(number, code), terms.id)
            reading.state(f"trade:{trade}:{code}", at, flow)


def _delisted(reading: Reading, pair: str, lines: Iterable[Booked], at: datetime) -> Instrument | None:
    """Terms of a pair that is listed no more, from the two coins that the ledger booked for its trade."""
    for codes in permutations(sorted({one.asset for one in lines if one.amount}), 2):
        if pair.replace("/", "") not in map("".join, product(*map(spellings, codes))):
            continue
        base, quote = (asset(reading, code, at) for code in codes)
        known = reading.context.assets.assets
        if base == quote or base not in known or quote not in known:
            return None
        name = pair_id(pair)
        terms = Instrument(name, VENUE, pair, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE)
        reading.derived[name] = terms
        reading.instruments.append(terms)
        return terms
    return None


# -- the ledger -----------------------------------------------------------------------------------


def ledger(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """A page of the ledger. Without a note all trades are left to the list of trades."""
    reading, noted = Reading(evidence, context), ledger_notes(evidence)
    notes, found = noted or LedgerNotes(), rows(body, "ledger")
    with exact():
        for entry, row in found:
            skipped = entry in notes.waiting or entry in notes.traded or seconds(row, "time") < notes.since
            if not skipped and (noted or row.text("type") not in TRADED):
                _entry(reading, entry, row, notes)
        _tell_gaps(reading, found)
    return reading.done()


def _entry(reading: Reading, entry: str, row: Node, notes: LedgerNotes) -> None:
    at, line = seconds(row, "time"), booked(row)
    if not line.amount and not line.fee:
        return
    if len({asset(reading, one, at) for one in notes.within.get(entry, ())}) == 1:
        return  # a coin and its variant: nothing came or went
    code, external_id = asset(reading, line.asset, at), f"ledger:{entry}"
    subtype = row.text_or("subtype")
    fee = Amount(-line.fee, code) if line.fee else None
    place = _place(line.type, subtype)
    if place is not None:
        body = Transfer(MAIN, Amount(line.amount, code), TransferKind.INTERNAL, place, fee=fee)
        reading.state(external_id, at, body)
    elif line.type in _EXTERNAL:
        txid, address = notes.chains.get(row.text("refid"), ("", ""))
        amount = Amount(line.amount, code)
        body = Transfer(MAIN, amount, TransferKind.EXTERNAL, address, txid, fee)
        reading.state(external_id, at, body)
    elif line.type == "credit":
        _tell_credit(reading, line.asset)
        body = Transfer(MAIN, Amount(line.amount, code), TransferKind.EXTERNAL, "credit", fee=fee)
        reading.state(external_id, at, body)
    else:
        _cash(reading, external_id, at, line, code)


def _place(kind: str, subtype: str) -> str | None:
    """Where the other end of a transfer between own places is, None for other entries.

    Transfers with Kraken Futures were once booked as deposits and withdrawals, with the subtype of today.
    """
    if kind in _EXTERNAL:
        return _PLACES.get(subtype)
    if kind in _INTERNAL:
        return _PLACES.get(subtype) or subtype or _INTERNAL[kind]
    return "earn" if kind in ("earn", "staking") and (subtype in _ALLOCATED or subtype in _PLACES) else None


def goes_to_earn(row: Node) -> bool:
    """Whether an entry is a side of a move into an earn product, or out of it."""
    return _place(row.text("type"), row.text_or("subtype")) == "earn"


def _cash(reading: Reading, external_id: str, at: datetime, line: Booked, code: AssetId) -> None:
    """An amount and its fee as two flows; what a position costs overnight is interest altogether."""
    kind = _CASH.get(line.type) or _by_sign(reading, line)
    if line.type in TRADED:
        _tell(
            reading,
            f"{line.type}:{code}",
            "The ledger books a trade that the list of trades does not have; it is taken as cash.",
            "Nothing is missing from the balance; look the trade up at the venue.",
        )
    if kind is CashKind.INTEREST:
        reading.state(external_id, at, CashFlow(MAIN, kind, Amount(line.amount - line.fee, code)))
        return
    if line.amount:
        reading.state(external_id, at, CashFlow(MAIN, kind, Amount(line.amount, code)))
    if line.fee:
        reading.state(f"{external_id}:fee", at, CashFlow(MAIN, CashKind.FEE, Amount(-line.fee, code)))


def _by_sign(reading: Reading, line: Booked) -> CashKind:
    """Cash of a kind that is not documented, and corrections by the venue: taken, by its sign, and told."""
    _tell(
        reading,
        line.type[:60],
        f"An entry of the type {line.type[:60]!r} is taken as a fee where negative, else as a reward.",
        "Nothing is missing from the balance; look it up at the venue.",
    )
    return CashKind.FEE if line.amount < 0 else CashKind.REWARD


def _tell_credit(reading: Reading, code: str) -> None:
    message = f"A line of credit in {code[:60]} changed; what of it is in use is taken off the balance."
    _tell(reading, f"credit:{code[:60]}", message, "Enter what the agreement charges for it as a payable.")


def _tell_gaps(reading: Reading, found: Iterable[tuple[str, Node]]) -> None:
    """Tell of an asset whose balances on the page differ by something else than its entries between them."""
    by_asset: dict[str, list[tuple[datetime, Node]]] = {}
    for _, row in found:
        by_asset.setdefault(row.text("asset"), []).append((seconds(row, "time"), row))
    for code, dated in by_asset.items():
        instants = sorted(at for at, _ in dated)
        if len(instants) < 2 or instants[0] == instants[1] or instants[-1] == instants[-2]:
            continue  # which of two entries of one instant came last is not told
        (_, first), *rest = sorted(dated, key=lambda one: one[0])
        moved = sum((row.decimal("amount") - row.decimal("fee") for _, row in rest), ZERO)
        gap = rest[-1][1].decimal("balance") - first.decimal("balance") - moved
        if gap:
            _tell(
                reading,
                f"{VENUE}:{code[:60]}",
                f"The ledger's balances of {code[:60]} differ by {gap} from its entries between them.",
                "Compare this page with the venue's own ledger; the reconciliation shows what is missing.",
            )


def _tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    problem = Problem(f"{reading.venue} {reading.evidence.endpoint}", message, mend, subject=subject)
    reading.problems.setdefault((subject, message), problem)

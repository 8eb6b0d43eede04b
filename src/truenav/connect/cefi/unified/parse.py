"""ccxt's unified rows, as archived, stated as facts. Pure: evidence, bytes and context in, facts out.

One set of parsers serves every venue. It knows the rows that `rows` writes and nothing of ccxt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.unified.symbols import market_id
from truenav.connect.contract import ParseContext, Parsed, Parser, Problem
from truenav.connect.document import Node, read_json
from truenav.connect.reading import Reading
from truenav.core.evidence import Evidence
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    CashFlow,
    CashKind,
    PositionLine,
    PositionSnapshot,
    Quote,
    QuoteKind,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.ids import InstrumentId
from truenav.core.instrument import Instrument, InstrumentKind, OptionRight
from truenav.core.money import ONE, ZERO, Amount, exact

_KINDS: Mapping[str, InstrumentKind] = {
    "spot": InstrumentKind.SPOT,
    "swap": InstrumentKind.PERPETUAL,
    "future": InstrumentKind.FUTURE,
    "option": InstrumentKind.OPTION,
}
_RIGHTS = {"call": OptionRight.CALL, "put": OptionRight.PUT}
_REWARDS = frozenset({"airdrop", "bonus", "cashback", "rebate", "referral", "reward", "staking"})
_STATED_ELSEWHERE = frozenset(
    {"deposit", "fee", "funding", "interest", "margin", "trade", "transaction", "transfer", "withdrawal"}
)
"""Ledger types that other rows state; taking both would count twice."""
_MAIN = "main"
_HOLDERS: Mapping[str, tuple[str, ...]] = {
    "spot": ("spot", _MAIN, "margin"),
    "movement": ("funding", _MAIN, "spot"),
    "interest": ("margin", _MAIN, "spot"),
    "ledger": (_MAIN, "spot", "funding"),
}
"""Which wallet of an account holds what: the first that the account has."""
_DONE, _PENDING = "ok", "pending"
_UNDONE = frozenset({"failed", "canceled", "rejected", "expired"})


def _parser(read: Callable[[Reading, Node, Node], None]) -> Parser:
    """A parser that hands each row, and the document around it, to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        document = read_json(body)
        with exact():
            for row in document.field("rows").items():
                read(reading, document, row)
        _tell_doubles(reading)
        if reason := document.text_or("unread"):
            _tell_unread(reading, reason)
        return reading.done()

    return parse


def _number(row: Node, name: str) -> Decimal:
    """An exact number; our rows hold them as text, so a JSON number is none of ours."""
    if type(row.field(name).value) is not str:
        raise row.wrong(f"field {name!r} is not text with an exact number")
    return row.decimal(name)


def _number_or(row: Node, name: str, default: Decimal) -> Decimal:
    return default if row.maybe(name) is None else _number(row, name)


def _markets(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    rows = list(read_json(body).field("rows").items())
    names = Counter(row.text_or("market") for row in rows)
    with exact():
        for row in rows:
            terms = _terms(reading, row)
            if terms is not None and names[row.text("market")] == 1:
                reading.instruments.append(terms)
            elif terms is not None:
                reading.lost(
                    terms.id, f"Two markets bear the name {terms.id}.", "Neither is taken; report it."
                )
    return reading.done()


def _terms(reading: Reading, row: Node) -> Instrument | None:
    """Contract terms; None for a market of unknown assets or of a kind or size that is not told."""
    name, kind = row.text_or("market"), _KINDS.get(row.text_or("type"))
    size = ONE if kind is InstrumentKind.SPOT else _number_or(row, "contractSize", ZERO)
    base, quote = (reading.known_asset(row.text_or(side)) for side in ("base", "quote"))
    settle = quote if kind is InstrumentKind.SPOT else reading.known_asset(row.text_or("settle"))
    if not name or kind is None or base is None or quote is None or settle is None or size <= 0:
        return None
    linear, inverse, option = row.flag("linear"), row.flag("inverse"), kind is InstrumentKind.OPTION
    right = _RIGHTS.get(row.text_or("optionType"))
    if kind is not InstrumentKind.SPOT and not (linear or inverse):
        return None
    if option and (right is None or row.maybe("strike") is None or row.maybe("expiry") is None):
        return None
    dated = kind in (InstrumentKind.FUTURE, InstrumentKind.OPTION)
    return Instrument(
        id=market_id(reading.venue, name),
        venue=reading.venue,
        code=row.text("id"),
        kind=kind,
        base=base,
        quote=quote,
        settle=settle,
        multiplier=size,
        inverse=bool(inverse) and kind is not InstrumentKind.SPOT and not option,
        expiry_at=row.instant("expiry") if dated and row.maybe("expiry") is not None else None,
        strike=_number(row, "strike") if option else None,
        right=right if option else None,
    )


def _ticker(reading: Reading, document: Node, row: Node) -> None:
    del document
    terms = reading.context.instruments.instruments.get(_id(reading, row))
    if terms is None:
        return
    at = row.instant("timestamp") if row.maybe("timestamp") is not None else reading.evidence.answered_at
    last, mark = _number_or(row, "last", ZERO), _number_or(row, "markPrice", ZERO)
    if terms.kind is InstrumentKind.SPOT:
        if last > 0:
            volume = _number_or(row, "baseVolume", ZERO)
            reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.LAST, last, volume))
        return
    currency = terms.settle if terms.kind is InstrumentKind.OPTION else terms.quote
    kind, price = (QuoteKind.MARK, mark) if mark > 0 else (QuoteKind.LAST, last)
    if price > 0:
        reading.quote(terms.id, at, Quote(terms.id, currency, kind, price))
    if (index := _number_or(row, "indexPrice", ZERO)) > 0:
        reading.quote(terms.id, at, Quote(terms.base, terms.quote, QuoteKind.INDEX, index))


def _balance(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    document = read_json(body)
    wallet = document.text("wallet")
    with exact():
        found = [_balance_line(reading, row) for row in document.field("rows").items()]
    lines = sorted((line for line in found if line is not None), key=lambda line: line.asset)
    reading.snapshot(wallet, BalanceSnapshot(wallet, tuple(lines)))
    if same := document.text_or("same"):
        _tell(
            reading,
            f"{reading.venue} {wallet}",
            f"The wallet {wallet[:60]!r} is one with {same[:60]!r} at the venue and is counted there.",
            f"Take {wallet[:60]!r} out of the account's wallets where it holds no positions.",
        )
    return reading.done()


def _balance_line(reading: Reading, row: Node) -> BalanceLine | None:
    code = row.text("code")
    if _number_or(row, "debt", ZERO):
        reading.lost(
            f"{reading.venue}:{code[:60]}",
            f"The venue tells a debt in {code[:60]}; whether its total is before or after it is not known.",
            "Enter the debt as a manual item where the total is before it.",
        )
    if row.maybe("total") is None:  # without it the wallet is unread: what is not listed counts as zero
        raise row.wrong(f"no total of {code[:60]!r} is told")
    total = _number(row, "total")
    if not total:
        return None
    return BalanceLine(
        reading.asset(code, reading.evidence.answered_at), total, _number_or(row, "used", ZERO)
    )


def _positions(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    document = read_json(body)
    wallet = document.text("wallet")
    with exact():
        found = [_position(reading, row) for row in document.field("rows").items()]
    lines = [line for line in found if line is not None]
    lines.sort(key=lambda line: (line.instrument, line.quantity))
    reading.snapshot(wallet, PositionSnapshot(wallet, tuple(lines)))
    return reading.done()


def _position(reading: Reading, row: Node) -> PositionLine | None:
    quantity = _number_or(row, "contracts", ZERO) if row.maybe("contracts") is not None else None
    if quantity == 0:
        return None
    side, name = row.text_or("side"), row.text_or("symbol")[:60]
    sided = side in ("long", "short")
    if quantity is None or not sided or row.maybe("entryPrice") is None or not _named(row):
        reading.lost(
            f"{reading.venue}:{name}",
            f"The position in {name} has no market, size, side or entry price.",
            "Enter it as a manual item; it is not valued yet.",
        )
        return None
    found = _id(reading, row)
    reading.instrument(found, lost=False)
    return PositionLine(found, abs(quantity) * (1 if side == "long" else -1), _number(row, "entryPrice"))


def _trade(reading: Reading, document: Node, row: Node) -> None:
    terms = _market(reading, row)
    if terms is None:
        return
    kind = row.text("market").partition(":")[0]
    wallet = _wallet(reading, document, kind)
    side = row.text("side")
    if side not in ("buy", "sell"):
        raise row.wrong("side is neither buy nor sell")
    if not wallet:
        return
    at, price = row.instant("timestamp"), _number(row, "price")
    quantity = _number(row, "amount") * (1 if side == "buy" else -1)
    body = Trade(
        wallet=wallet,
        instrument=terms.id,
        quantity=quantity,
        price=price,
        cost=_cost(terms, row, quantity, price),
        realised=None,
        fees=_fees(reading, row, at),
        order_id=row.text_or("order"),
    )
    reading.state(_trade_id(row, terms), at, body)


def _cost(terms: Instrument, row: Node, quantity: Decimal, price: Decimal) -> Amount | None:
    """What a spot trade or an option's premium moved; a future's and a perpetual's trade moves none."""
    if terms.kind is InstrumentKind.SPOT:
        told = _number_or(row, "cost", abs(quantity * price))
        return Amount(-told if quantity > 0 else told, terms.quote)
    if terms.kind is InstrumentKind.OPTION:
        return Amount(-quantity * terms.multiplier * price, terms.settle)
    return None


def _fees(reading: Reading, row: Node, at: datetime) -> tuple[Amount, ...]:
    paid = [(fee, _number(fee, "cost")) for fee in row.field("fees").items()]
    return tuple(Amount(-cost, reading.asset(fee.text("currency"), at)) for fee, cost in paid if cost)


def _trade_id(row: Node, terms: Instrument) -> str:
    """The venue's own number, unique in its market; else all that tells a fill from another."""
    if row.text_or("id"):
        return f"{terms.id}:{row.text('id')}"
    told = ("order", "timestamp", "side", "price", "amount")
    return ":".join((terms.id, *(row.text_or(name) for name in told)))


def _movement(reading: Reading, document: Node, row: Node) -> None:
    """A deposit or withdrawal that is done; one under way states nothing yet."""
    status, kind = row.text_or("status"), row.text("type")
    if status == _PENDING or status in _UNDONE:
        return
    identity = row.text_or("id") or row.text_or("txid")
    wallet = _wallet(reading, document, "movement")
    if not identity or status != _DONE or kind not in ("deposit", "withdrawal") or not wallet:
        name = identity[:60] or "without a number"
        reading.lost(name, f"The {kind[:20]} {name} has no number or state.", "Import it from a statement.")
        return
    at = row.instant("timestamp")
    number = abs(_number(row, "amount")) * (1 if kind == "deposit" else -1)
    body = Transfer(
        wallet=wallet,
        amount=Amount(number, reading.asset(row.text("currency"), at)),
        kind=TransferKind.INTERNAL if row.flag("internal") else TransferKind.EXTERNAL,
        counterpart=row.text_or("addressTo" if kind == "withdrawal" else "addressFrom"),
        txid=row.text_or("txid"),
        fee=_withdrawal_fee(reading, row, at) if kind == "withdrawal" else None,
    )
    reading.state(f"{kind}:{identity}", at, body)


def _withdrawal_fee(reading: Reading, row: Node, at: datetime) -> Amount | None:
    """What was paid beside the amount; a deposit's fee never reached the account."""
    fee = row.maybe("fee")
    if fee is None or not (cost := _number(fee, "cost")):
        return None
    return Amount(-abs(cost), reading.asset(fee.text_or("currency") or row.text("currency"), at))


def _transfer(reading: Reading, document: Node, row: Node) -> None:
    """Both sides of a transfer; a side that is no wallet of the account states nothing."""
    if row.text_or("status") in _UNDONE or row.text_or("status") == _PENDING:
        return
    ends = {-1: row.text_or("fromAccount"), 1: row.text_or("toAccount")}
    if not all(ends.values()) or not row.text_or("id"):
        name = row.text_or("id")[:60] or "without a number"
        reading.lost(f"transfer {name}", f"The transfer {name} has no ends.", "Import it from a statement.")
        return
    at, number = row.instant("timestamp"), abs(_number(row, "amount"))
    asset = reading.asset(row.text("currency"), at)
    wallets = set(_wallets(document))
    for sign, wallet in ends.items():
        if wallet in wallets:
            body = Transfer(wallet, Amount(sign * number, asset), TransferKind.INTERNAL, ends[-sign])
            reading.state(f"transfer:{row.text('id')}:{wallet}", at, body)


def _ledger(reading: Reading, document: Node, row: Node) -> None:
    """Rewards; what other rows state is left to them, and a type that nobody knows is told."""
    kind, wallet = row.text_or("type"), _wallet(reading, document, "ledger")
    if kind in _STATED_ELSEWHERE or not wallet:
        return
    if kind not in _REWARDS or not row.text_or("id"):
        _tell(
            reading,
            kind[:60],
            f"Ledger entries of the type {kind[:60]!r} are not stated: their meaning is not known.",
            "Where the balance does not add up, import the venue's statement or enter a manual item.",
        )
        return
    at, number = row.instant("timestamp"), abs(_number(row, "amount"))
    signed = -number if row.text_or("direction") == "out" else number
    amount = Amount(signed, reading.asset(row.text("currency"), at))
    reading.state(f"ledger:{row.text('id')}", at, CashFlow(wallet, CashKind.REWARD, amount))


def _funding(reading: Reading, document: Node, row: Node) -> None:
    terms = _market(reading, row)
    kind = row.text_or("market").partition(":")[0]
    wallet = _wallet(reading, document, kind) if terms is not None else ""
    if terms is None or not wallet:
        return
    at = row.instant("timestamp")
    amount = Amount(_number(row, "amount"), reading.asset(row.text_or("code"), at))
    identity = row.text_or("id") or row.text("timestamp")
    body = CashFlow(wallet, CashKind.FUNDING, amount, terms.id)
    reading.state(f"funding:{terms.id}:{identity}", at, body)


def _interest(reading: Reading, document: Node, row: Node) -> None:
    wallet = _wallet(reading, document, "interest")
    at, cost = row.instant("timestamp"), _number(row, "interest")
    if not cost or not wallet:
        return
    told = ("id", "currency", "symbol", "marginMode", "timestamp")
    identity = ":".join(("interest", *(row.text_or(name) for name in told)))
    amount = Amount(-abs(cost), reading.asset(row.text("currency"), at))
    reading.state(identity, at, CashFlow(wallet, CashKind.INTEREST, amount))


def _tell_doubles(reading: Reading) -> None:
    """Rows of one identity are told: where they also state the same, one of them would be dropped."""
    counted = Counter((fact.kind, fact.external_id) for fact in reading.facts)
    for (kind, name), count in counted.items():
        if count > 1 and kind != Quote.TAG:
            reading.lost(name[:100], f"{count} rows are {name[:100]}.", "Import the venue's statement.")


def _tell_unread(reading: Reading, reason: str) -> None:
    subject = f"{reading.venue} {reading.evidence.endpoint.removeprefix('unified.').partition('/')[0]}"
    _tell(reading, subject, reason[:200], "Import the venue's statements for it, or enter manual items.")


def _tell(reading: Reading, subject: str, message: str, mend: str) -> None:
    """Note something that loses no fact."""
    where = f"{reading.venue} {reading.evidence.endpoint}"
    reading.problems.setdefault((subject, message), Problem(where, message, mend, subject=subject))


def _named(row: Node) -> bool:
    return bool(row.text_or("market"))


def _id(reading: Reading, row: Node) -> InstrumentId:
    return market_id(reading.venue, row.text_or("market"))


def _market(reading: Reading, row: Node) -> Instrument | None:
    """Terms of a row's market; None, told and lost, where ccxt or the house does not know it."""
    if _named(row):
        return reading.instrument(_id(reading, row), lost=True)
    name = row.text_or("symbol")[:60]
    reading.lost(
        f"{reading.venue}:{name}",
        f"{name!r} is no market that the venue lists.",
        "Gather the venue's market again; a delisted one comes from a statement.",
    )
    return None


def _wallets(document: Node) -> list[str]:
    return [str(node.value) for node in document.field("wallets").items()]


def _wallet(reading: Reading, document: Node, what: str) -> str:
    """The account's wallet that holds something of a kind; empty, told and lost, where it has none."""
    wallets = _wallets(document)
    found = next((one for one in _HOLDERS.get(what, (what, _MAIN)) if one in wallets), "")
    if not found and what in ("movement", "interest", "ledger") and wallets:
        return wallets[0]
    if not found:
        reading.lost(
            f"{reading.venue} {what}",
            f"The account has no wallet for {what}, but the venue tells of it.",
            f"Give the account the wallet {what!r} or {_MAIN!r}.",
        )
    return found


def _raw(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    """A venue's answer as received; it states nothing by itself."""
    del evidence, body, context
    return Parsed()


PARSERS: Mapping[str, Parser] = {
    "raw/1": _raw,
    "unified.markets/1": _markets,
    "unified.tickers/1": _parser(_ticker),
    "unified.balance/1": _balance,
    "unified.positions/1": _positions,
    "unified.trades/1": _parser(_trade),
    "unified.deposits/1": _parser(_movement),
    "unified.withdrawals/1": _parser(_movement),
    "unified.transfers/1": _parser(_transfer),
    "unified.ledger/1": _parser(_ledger),
    "unified.funding/1": _parser(_funding),
    "unified.interest/1": _parser(_interest),
}

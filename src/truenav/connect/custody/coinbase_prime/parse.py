"""Coinbase Prime's answers as facts; a portfolio is the wallet, so what stays within it states nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal

from truenav.connect.contract import ParseContext, Parsed, Parser
from truenav.connect.custody.moves import Holding, followed, state_vault
from truenav.connect.document import Node, read_json
from truenav.connect.errors import MalformedPayloadError
from truenav.connect.reading import Reading
from truenav.core.clock import parse_instant
from truenav.core.evidence import Evidence
from truenav.core.facts import CashFlow, CashKind, Trade, Transfer, TransferKind
from truenav.core.failure import InvalidInputError
from truenav.core.instrument import Instrument, InstrumentKind, instrument_id
from truenav.core.money import ONE, ZERO, Amount, exact

VENUE = "coinbase_prime"
DONE = frozenset({"TRANSACTION_DONE", "TRANSACTION_IMPORTED"})
DEAD = frozenset(
    {"TRANSACTION_CANCELLED", "TRANSACTION_REJECTED", "TRANSACTION_FAILED", "TRANSACTION_EXPIRED"}
)
_TRANSFERS: Mapping[str, tuple[int, TransferKind]] = {
    "DEPOSIT": (1, TransferKind.EXTERNAL),
    "WITHDRAWAL": (-1, TransferKind.EXTERNAL),
    "INTERNAL_DEPOSIT": (1, TransferKind.INTERNAL),
    "INTERNAL_WITHDRAWAL": (-1, TransferKind.INTERNAL),
    "DEPOSIT_ADJUSTMENT": (1, TransferKind.EXTERNAL),
    "WITHDRAWAL_ADJUSTMENT": (-1, TransferKind.EXTERNAL),
}
_CASH: Mapping[str, tuple[int, CashKind]] = {
    "REWARD": (1, CashKind.REWARD),
    "CLAIM_REWARDS": (1, CashKind.REWARD),
    "COINBASE_REFUND": (1, CashKind.FEE),
    "BILLING_WITHDRAWAL": (-1, CashKind.FEE),
    "SLASH": (-1, CashKind.FEE),
}
_ELSEWHERE = frozenset({"WEB3_TRANSACTION", "ONCHAIN_TRANSACTION"})
"""Those of on-chain wallets, which are in no portfolio's balance."""
_WITHIN = frozenset(
    {
        "SWEEP_DEPOSIT",
        "SWEEP_WITHDRAWAL",
        "PROXY_DEPOSIT",
        "PROXY_WITHDRAWAL",
        "KEY_REGISTRATION",
        "DELEGATION",
        "UNDELEGATION",
        "RESTAKE",
        "COMPLETE_UNBONDING",
        "WITHDRAW_UNBONDED",
        "STAKE_ACCOUNT_CREATE",
        "CHANGE_VALIDATOR",
        "STAKE",
        "UNSTAKE",
        "REMOVE_AUTHORIZED_PARTY",
        "STAKE_AUTHORIZE_WITH_SEED",
        "COINBASE_DEPOSIT",
        "VOTE_AUTHORIZE",
        "PORTFOLIO_STAKE",
        "PORTFOLIO_UNSTAKE",
        "MERGE_STAKE",
    }
)
"""What moves between the wallets of one portfolio, or only changes its state: their fee alone leaves."""


def _parser(rows: str, read: Callable[[Reading, Node, str], None]) -> Parser:
    """A parser that hands each row of a portfolio's list to ``read``."""

    def parse(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
        reading = Reading(evidence, context)
        portfolio = _portfolio(evidence)
        with exact():
            for row in read_json(body).field(rows).items():
                read(reading, row, portfolio)
        return reading.done()

    return parse


def _portfolio(evidence: Evidence) -> str:
    """The portfolio that was asked about; an answer does not repeat it."""
    named = followed(evidence)
    if len(named) != 1:
        raise MalformedPayloadError("the portfolio that was asked about is not noted.")
    return next(iter(named))


def _balances(evidence: Evidence, body: bytes, context: ParseContext) -> Parsed:
    reading = Reading(evidence, context)
    with exact():
        holdings = [_holding(row) for row in read_json(body).field("balances").items()]
        state_vault(reading, _portfolio(evidence), "", holdings)
    return reading.done()


def _holding(row: Node) -> Holding:
    """``amount`` holds everything, staked and on hold; what cannot be withdrawn now is locked."""
    total = row.decimal("amount")
    free = row.decimal_or("withdrawable_amount", total - row.decimal_or("holds", ZERO))
    return Holding(row.text("symbol").upper(), total, max(ZERO, total - free))


def instant(row: Node, name: str) -> datetime:
    """A field with an RFC 3339 time."""
    try:
        return parse_instant(row.text(name), what=f"{row.path}.{name}")
    except InvalidInputError as error:
        raise MalformedPayloadError(error.message) from error


def _transaction(reading: Reading, row: Node, portfolio: str) -> None:
    if row.text("status") not in DONE:
        return
    kind, name = row.text("type"), f"tx:{row.text('id')}"
    at = instant(row, "completed_at" if row.text_or("completed_at") else "created_at")
    number = abs(row.decimal("amount"))
    fee = _fee(reading, row, at)
    if kind in _TRANSFERS:
        sign, where = _TRANSFERS[kind]
        other = row.maybe("transfer_from" if sign > 0 else "transfer_to")
        amount = Amount(sign * number, reading.asset(row.text("symbol").upper(), at))
        body = Transfer(portfolio, amount, where, _place(other), _txid(row), fee if sign < 0 else None)
        reading.state(name, at, body)
    elif kind in _CASH:
        sign, cash = _CASH[kind]
        amount = Amount(sign * number, reading.asset(row.text("symbol").upper(), at))
        reading.state(name, at, CashFlow(portfolio, cash, amount))
    elif kind == "CONVERSION":
        _conversion(reading, row, portfolio, at)
    elif kind in _WITHIN:
        if fee is not None:
            reading.state(f"{name}:fee", at, CashFlow(portfolio, CashKind.FEE, fee))
    elif kind not in _ELSEWHERE:
        reading.lost(
            f"{VENUE}:{kind[:60]}",
            f"The transaction {name[:60]} is of the type {kind[:60]!r}, which is not known.",
            "Report the type; until then enter what moved as a manual item.",
        )


def _fee(reading: Reading, row: Node, at: datetime) -> Amount | None:
    """What the customer paid: ``fees``, else the network's own where no other is named."""
    number = row.decimal_or("fees", ZERO) or row.decimal_or("network_fees", ZERO)
    code = (row.text_or("fee_symbol") or row.text("symbol")).upper()
    return Amount(-abs(number), reading.asset(code, at)) if number else None


def _place(node: Node | None) -> str:
    return "" if node is None else node.text_or("address") or node.text_or("value")


def _txid(row: Node) -> str:
    """The first transaction hash; several stand for one movement where it was sent again."""
    hashes = row.maybe("blockchain_ids")
    found = [] if hashes is None else [str(one.value) for one in hashes.items()]
    return found[0] if found else ""


def _conversion(reading: Reading, row: Node, portfolio: str, at: datetime) -> None:
    """One unit of an asset for one of another: a trade at the price of one."""
    sold, bought = row.text("symbol").upper(), row.text("destination_symbol").upper()
    terms = _market(reading, f"{sold}-{bought}")
    if terms is not None:
        number = abs(row.decimal("amount"))
        cost = Amount(number, terms.quote)
        name = f"tx:{row.text('id')}"
        body = Trade(portfolio, terms.id, -number, ONE, cost, None, (), order_id=row.text("id"))
        reading.state(name, at, body)


def _market(reading: Reading, name: str) -> Instrument | None:
    """Terms of a spot market from its name, where both assets are known."""
    codes = name.split("-")
    assets = [reading.known_asset(code) for code in codes]
    if len(assets) != 2 or None in assets:
        return reading.instrument(instrument_id(VENUE, name), lost=True)
    base, quote = assets
    assert base is not None
    assert quote is not None
    terms = Instrument(
        instrument_id(VENUE, name), VENUE, name, InstrumentKind.SPOT, base, quote, quote, multiplier=ONE
    )
    reading.instruments.append(terms)
    return terms


def _fill(reading: Reading, row: Node, portfolio: str) -> None:
    terms = _market(reading, row.text("product_id"))
    if terms is None:
        return
    side = {"BUY": 1, "SELL": -1}.get(row.text("side"))
    if side is None:
        raise row.wrong("side is neither BUY nor SELL")
    paid = -abs(row.decimal_or("commission", Decimal(0)))
    body = Trade(
        wallet=portfolio,
        instrument=terms.id,
        quantity=side * row.decimal("filled_quantity"),
        price=row.decimal("price"),
        cost=Amount(-side * row.decimal("filled_value"), terms.quote),
        realised=None,
        fees=(Amount(paid, terms.quote),) if paid else (),
        order_id=row.text("order_id"),
    )
    reading.state(f"fill:{row.text('id')}", instant(row, "time"), body)


PARSERS: Mapping[str, Parser] = {
    "balances/1": _balances,
    "transactions/1": _parser("transactions", _transaction),
    "fills/1": _parser("fills", _fill),
}

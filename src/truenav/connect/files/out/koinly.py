"""Koinly's universal CSV: one file for each account, since the format names no wallet.

Format: Koinly's help, "How to create a custom CSV file with your data" and "What are tags". A fee is not
part of the amount sent; a deposit has no fee; times are UTC to the second.
"""

from __future__ import annotations

from collections.abc import Iterator

from truenav.calc.ledger.deltas import Reason
from truenav.connect.files.out.cells import csv_lines, neutral, tickers
from truenav.connect.files.out.journal import MOVEMENTS, Journal
from truenav.connect.files.out.movements import Movement, description, movements, transaction
from truenav.core.ids import AccountId
from truenav.core.money import Amount, exact, to_text

COLUMNS = (
    "Date",
    "Sent Amount",
    "Sent Currency",
    "Received Amount",
    "Received Currency",
    "Fee Amount",
    "Fee Currency",
    "Net Worth Amount",
    "Net Worth Currency",
    "Label",
    "Description",
    "TxHash",
)

_GAIN = "realized gain"
_RECEIVED = {
    Reason.TRADE: _GAIN,
    Reason.FEE: "fee refund",
    Reason.REALISED: _GAIN,
    Reason.SETTLEMENT: _GAIN,
    Reason.FUNDING: _GAIN,
    Reason.INTEREST: "lending interest",
    Reason.REWARD: "reward",
}
_SENT = _RECEIVED | {Reason.FEE: "cost", Reason.INTEREST: "loan fee", Reason.REWARD: "cost"}


def koinly(journal: Journal, account: AccountId) -> Iterator[str]:
    """The file of one account."""
    return csv_lines(COLUMNS, _rows(journal, account))


def _rows(journal: Journal, account: AccountId) -> Iterator[list[str]]:
    ticker = tickers(journal.assets)

    def pair(amount: Amount | None) -> tuple[str, str]:
        return ("", "") if amount is None else (to_text(amount.number), ticker(amount.asset))

    for fact in journal.facts(MOVEMENTS):
        if fact.account != account:
            continue
        with exact():
            told = list(movements(fact, journal.instruments, fee_beside=True))
        for one in told:
            yield [
                f"{fact.occurred_at:%Y-%m-%d %H:%M:%S} UTC",
                *pair(one.sent),
                *pair(one.received),
                *pair(one.fee),
                *pair(None),
                _label(one),
                neutral(description(fact)),
                neutral(transaction(fact)),
            ]


def _label(one: Movement) -> str:
    if one.received and one.sent:
        return ""
    return (_RECEIVED if one.received else _SENT).get(one.reason, "")

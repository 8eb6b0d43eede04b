"""CoinTracking's CSV: all accounts in one file, told apart by the column Exchange.

Every fee is a row of its own, of the type "Other Fee": the column Fee only tells of one that the amounts
already hold, so balances do not depend on how it is read. Times are UTC to the second.
"""

from __future__ import annotations

from collections.abc import Iterator

from truenav.calc.ledger.deltas import Reason
from truenav.connect.files.out.cells import csv_lines, neutral, tickers
from truenav.connect.files.out.journal import MOVEMENTS, Journal
from truenav.connect.files.out.movements import Movement, description, movements, transaction
from truenav.core.money import Amount, exact, to_text

COLUMNS = (
    "Type",
    "Buy Amount",
    "Buy Currency",
    "Sell Amount",
    "Sell Currency",
    "Fee",
    "Fee Currency",
    "Exchange",
    "Trade-Group",
    "Comment",
    "Date",
    "Tx-ID",
)

_PROFIT, _LOSS = "Derivatives / Futures Profit", "Derivatives / Futures Loss"
_CONTRACT = (Reason.TRADE, Reason.REALISED, Reason.SETTLEMENT, Reason.FUNDING)
_RECEIVED = dict.fromkeys(_CONTRACT, _PROFIT) | {
    Reason.FEE: "Other Income",
    Reason.INTEREST: "Interest Income",
    Reason.REWARD: "Reward / Bonus",
    Reason.EXTERNAL: "Deposit",
    Reason.INTERNAL: "Deposit",
}
_SENT = dict.fromkeys(_CONTRACT, _LOSS) | {
    Reason.FEE: "Other Fee",
    Reason.INTEREST: "Borrowing Fee",
    Reason.REWARD: "Other Fee",
    Reason.EXTERNAL: "Withdrawal",
    Reason.INTERNAL: "Withdrawal",
}


def cointracking(journal: Journal) -> Iterator[str]:
    """The file of all accounts."""
    return csv_lines(COLUMNS, _rows(journal), quote_all=True)


def _rows(journal: Journal) -> Iterator[list[str]]:
    ticker = tickers(journal.assets)

    def pair(amount: Amount | None) -> tuple[str, str]:
        return ("", "") if amount is None else (to_text(amount.number), ticker(amount.asset))

    for fact in journal.facts(MOVEMENTS):
        with exact():
            told = list(movements(fact, journal.instruments, fee_beside=False))
        for one in told:
            yield [
                _type(one),
                *pair(one.received),
                *pair(one.sent),
                *pair(None),
                fact.account,
                one.wallet,
                neutral(description(fact)),
                f"{fact.occurred_at:%Y-%m-%d %H:%M:%S}",
                neutral(transaction(fact)),
            ]


def _type(one: Movement) -> str:
    if one.received and one.sent:
        return "Trade"
    return (_RECEIVED if one.received else _SENT)[one.reason]

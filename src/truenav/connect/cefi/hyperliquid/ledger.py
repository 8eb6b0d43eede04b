"""Hyperliquid's ledger without funding as facts: what moved money and is no fill.

Spot and perpetuals are one wallet here, so a transfer between them moves nothing. Staking, vaults and other
builders' dexes are other places of ours. A row does not say its direction: whether the account's address
sends or receives does.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from truenav.connect.cefi.hyperliquid.answers import HYPE, MAIN, STAKING, USDC, VAULTS
from truenav.connect.document import Node
from truenav.connect.reading import Reading
from truenav.core.facts import CashFlow, CashKind, Transfer, TransferKind
from truenav.core.money import ZERO, Amount

USER = "user"
"""Name of the request's parameter with the account's address."""
_OWN_BOOKS = frozenset({"", "spot"})
"""The venue's own perpetuals, and spot."""
_STILL = frozenset({"accountClassTransfer", "liquidation"})
"""Between the two books of one wallet; a liquidation is stated by its fills."""
_COSTS = frozenset(
    {"accountActivationGas", "deployGasAuction", "gossipPriorityGasAuction", "activateDexAbstraction"}
)


def ledger_ids(rows: list[Node]) -> list[str]:
    """Identities of the rows of a page: instant, transaction and a hash of what it did.

    Neither instant nor transaction is enough, as one can do several things; rows alike in all of it are
    numbered.
    """
    found: list[str] = []
    seen: Counter[str] = Counter()
    for row in rows:
        text = json.dumps(row.field("delta").value, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        name = f"{row.text('time')}:{row.text_or('hash')[:18]}:{digest}"
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}:{seen[name]}")
    return found


def read_ledger(reading: Reading, document: Node) -> None:
    """State each row of a page for the address that was asked about."""
    own = dict(reading.evidence.request.params).get(USER, "").lower()
    if not own:
        raise document.wrong("the request does not name the account's address")
    rows = list(document.items())
    for name, row in zip(ledger_ids(rows), rows, strict=True):
        delta = row.field("delta")
        entry = _Entry(reading, delta, own, f"ledger:{name}", row.instant("time"), row.text_or("hash"))
        kind = delta.text("type")
        if kind in _STILL:
            continue
        if kind in _COSTS:
            entry.cash(CashKind.FEE, -abs(delta.decimal("amount")), delta.text_or("token", USDC))
        elif kind in _READERS:
            _READERS[kind](entry)
        else:
            reading.lost(
                f"hyperliquid:{kind[:40]}",
                f"The ledger tells of {kind[:40]!r}, which is not known, so what it moved is not stated.",
                "Update truenav, then gather again; until then the reconciliation shows the difference.",
            )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One row, and what it lets be stated."""

    reading: Reading
    delta: Node
    own: str
    id: str
    at: datetime
    txid: str

    def amount(self, number: Decimal, coin: str) -> Amount:
        return Amount(number, self.reading.asset(coin, self.at))

    def is_own(self, name: str) -> bool:
        return self.delta.text_or(name).lower() == self.own

    def cash(
        self, kind: CashKind, number: Decimal, coin: str, *, wallet: str = MAIN, suffix: str = ""
    ) -> None:
        if number:
            self.reading.state(self.id + suffix, self.at, CashFlow(wallet, kind, self.amount(number, coin)))

    def move(
        self, number: Decimal, coin: str, kind: TransferKind, counterpart: str, *, fee: Amount | None = None
    ) -> None:
        """Money into (+) or out of the wallet; ``fee`` is negative, and none where it is zero."""
        paid = fee if fee is not None and fee.number else None
        body = Transfer(MAIN, self.amount(number, coin), kind, counterpart, self.txid, paid)
        self.reading.state(self.id, self.at, body)

    def place(self, wallet: str, number: Decimal, coin: str) -> None:
        """Money between the wallet and another place of ours, from both sides; ``number`` is the wallet's."""
        for here, there, moved, suffix in (
            (MAIN, wallet, number, ""),
            (wallet, MAIN, -number, f":{wallet}"),
        ):
            body = Transfer(here, self.amount(moved, coin), TransferKind.INTERNAL, there, self.txid)
            self.reading.state(self.id + suffix, self.at, body)

    def fee(self) -> Amount:
        """What the sender paid: ``fee`` in ``feeToken``, or ``nativeTokenFee`` in the token that was sent."""
        native = self.delta.decimal_or("nativeTokenFee", ZERO)
        if native:
            return self.amount(-native, self.delta.text("token"))
        coin = self.delta.text_or("feeToken") or USDC
        return self.amount(-self.delta.decimal_or("fee", ZERO), coin)


def _deposit(entry: _Entry) -> None:
    entry.move(entry.delta.decimal("usdc"), USDC, TransferKind.EXTERNAL, "")


def _withdraw(entry: _Entry) -> None:
    entry.move(-entry.delta.decimal("usdc"), USDC, TransferKind.EXTERNAL, "", fee=entry.fee())


def _sent(entry: _Entry, coin: str, number: Decimal, kind: TransferKind) -> None:
    """From one address to another; the sender pays the fee. One to oneself moves nothing."""
    gives, takes = entry.is_own("user"), entry.is_own("destination")
    if gives and not takes:
        entry.move(-number, coin, kind, entry.delta.text("destination"), fee=entry.fee())
    elif takes and not gives:
        entry.move(number, coin, kind, entry.delta.text("user"))
    elif not gives:
        raise entry.delta.wrong("neither address of a transfer is the account's")


def _dollars(entry: _Entry) -> None:
    """``usdc`` is what the sender has less of, the fee included; what is left of it arrives."""
    delta = entry.delta
    sent = delta.decimal("usdc") - delta.decimal_or("fee", ZERO)
    _sent(entry, USDC, sent, TransferKind.EXTERNAL)


def _to_sub_account(entry: _Entry) -> None:
    _sent(entry, USDC, entry.delta.decimal("usdc"), TransferKind.INTERNAL)


def _token(entry: _Entry) -> None:
    _sent(entry, entry.delta.text("token"), entry.delta.decimal("amount"), TransferKind.EXTERNAL)


def _send(entry: _Entry) -> None:
    """Between books as well as addresses: what touches none of the wallet's own moves nothing."""
    delta = entry.delta
    coin, number = delta.text("token"), delta.decimal("amount")
    source, target = delta.text_or("sourceDex"), delta.text_or("destinationDex")
    gives = entry.is_own("user") and source in _OWN_BOOKS
    takes = entry.is_own("destination") and target in _OWN_BOOKS
    own = entry.is_own("user") and entry.is_own("destination")
    kind = TransferKind.INTERNAL if own else TransferKind.EXTERNAL
    if gives and takes:
        entry.cash(CashKind.FEE, entry.fee().number, delta.text_or("feeToken") or USDC)
    elif gives:
        there = f"dex:{target}" if own else delta.text("destination")
        entry.move(-number, coin, kind, there, fee=entry.fee())
    elif takes:
        entry.move(number, coin, kind, f"dex:{source}" if own else delta.text("user"))


def _to_dex(entry: _Entry) -> None:
    """Between the wallet and another builder's dex, as it was told before there was ``send``."""
    delta = entry.delta
    number = delta.decimal("amount") if delta.text_or("amount") else delta.decimal("usdc")
    out = delta.flag("toPerp")
    if out is None:
        raise delta.wrong("it is not told which way the transfer went")
    coin = delta.text_or("token") or USDC
    entry.move(-number if out else number, coin, TransferKind.INTERNAL, f"dex:{delta.text('dex')}")


def _into_vault(entry: _Entry) -> None:
    if _of_own_vault(entry):
        return
    entry.place(VAULTS, -entry.delta.decimal("usdc"), USDC)
    entry.cash(CashKind.FEE, -entry.delta.decimal_or("fee", ZERO), USDC, suffix=":fee")


def _out_of_vault(entry: _Entry) -> None:
    """What arrives is net: the leader's commission and the cost of closing are paid within the vault."""
    if _of_own_vault(entry):
        return
    delta = entry.delta
    entry.place(VAULTS, delta.decimal("netWithdrawnUsd"), USDC)
    cost = delta.decimal_or("commission", ZERO) + delta.decimal_or("closingCost", ZERO)
    entry.cash(CashKind.FEE, -cost, USDC, wallet=VAULTS, suffix=":fee")


def _vault_pays(entry: _Entry) -> None:
    if not _of_own_vault(entry):
        entry.place(VAULTS, entry.delta.decimal("usdc"), USDC)


def _of_own_vault(entry: _Entry) -> bool:
    """Whether the account is the vault itself, whose ledger tells of its followers' money."""
    if not entry.is_own("vault"):
        return False
    entry.reading.lost(
        "hyperliquid:vault",
        "The address is a vault's: what its followers put in and take out is not read.",
        "Connect the address that invests in the vault instead.",
    )
    return True


def _commission(entry: _Entry) -> None:
    entry.cash(CashKind.REWARD, entry.delta.decimal("usdc"), USDC)


def _reward(entry: _Entry) -> None:
    entry.cash(CashKind.REWARD, entry.delta.decimal("amount"), entry.delta.text_or("token") or USDC)


def _stake(entry: _Entry) -> None:
    number = entry.delta.decimal("amount")
    into = entry.delta.flag("isDeposit")
    if into is None:
        raise entry.delta.wrong("it is not told whether HYPE was staked or taken out")
    entry.place(STAKING, -number if into else number, entry.delta.text_or("token") or HYPE)


def _borrow_lend(entry: _Entry) -> None:
    """Supplies stay in the balance and loans are taken off it, so only interest moves cash."""
    interest = abs(entry.delta.decimal_or("interestAmount", ZERO))
    earned = entry.delta.text("operation") in ("supply", "withdraw")
    entry.cash(CashKind.INTEREST, interest if earned else -interest, entry.delta.text("token"))


_READERS: Mapping[str, Callable[[_Entry], None]] = {
    "deposit": _deposit,
    "withdraw": _withdraw,
    "internalTransfer": _dollars,
    "subAccountTransfer": _to_sub_account,
    "spotTransfer": _token,
    "send": _send,
    "perpDexClassTransfer": _to_dex,
    "vaultCreate": _into_vault,
    "vaultDeposit": _into_vault,
    "vaultWithdraw": _out_of_vault,
    "vaultDistribution": _vault_pays,
    "vaultLeaderCommission": _commission,
    "rewardsClaim": _reward,
    "spotGenesis": _reward,
    "cStakingTransfer": _stake,
    "borrowLend": _borrow_lend,
}


def read_rewards(reading: Reading, document: Node) -> None:
    """What staking paid, once a day, into the stake itself."""
    for row in document.items():
        at, source = row.instant("time"), row.text("source")
        number = row.decimal("totalAmount")
        if number:
            flow = CashFlow(STAKING, CashKind.REWARD, Amount(number, reading.asset(HYPE, at)))
            reading.state(f"reward:{source}:{row.text('time')}", at, flow)

"""A journal with everything in it: two accounts, spot, a perpetual, a future, options, cash and transfers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from truenav.connect.files.out import Journal
from truenav.core.account import Account, AccountKind
from truenav.core.asset import (
    BTC,
    BUILTIN_ALIASES,
    BUILTIN_ASSETS,
    ETH,
    USD,
    USDT,
    Asset,
    AssetAlias,
    AssetBook,
    AssetKind,
)
from truenav.core.facts import (
    BalanceLine,
    BalanceSnapshot,
    CashFlow,
    CashKind,
    Fact,
    PositionLine,
    PositionSnapshot,
    Settlement,
    Trade,
    Transfer,
    TransferKind,
)
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, OptionRight
from truenav.core.money import Amount

START = datetime(2026, 1, 31, 23, 0, tzinfo=UTC)
INCH = Asset(
    "eip155:1/erc20:0x111111111117dc0aa78b770fa6a738034120c302", "1INCH", "1inch", AssetKind.CRYPTO, 18
)
PEPE = Asset("eip155:1/erc20:0x01", "PEPE", "Pepe", AssetKind.CRYPTO, 18)
TWIN = Asset("eip155:56/erc20:0x02", "PEPE", "Another Pepe", AssetKind.CRYPTO, 18)
TRUE = Asset("eip155:1/erc20:0x03", "True", "A word of beancount's", AssetKind.CRYPTO, 18)

SPOT = Instrument("okx:BTC-USDT", "okx", "BTC-USDT", InstrumentKind.SPOT, BTC, USDT, USDT, Decimal(1))
PERP = Instrument(
    "okx:BTC-USD-SWAP", "okx", "BTC-USD-SWAP", InstrumentKind.PERPETUAL, BTC, USD, BTC, Decimal(100), True
)
FUTURE = Instrument(
    "okx:ETH-USDT-260227", "okx", "ETH-USDT-260227", InstrumentKind.FUTURE, ETH, USDT, USDT, Decimal("0.1")
)
CALL = Instrument(
    "deribit:BTC-27FEB26-100000-C",
    "deribit",
    "BTC-27FEB26-100000-C",
    InstrumentKind.OPTION,
    BTC,
    USD,
    BTC,
    Decimal(1),
    strike=Decimal(100_000),
    right=OptionRight.CALL,
)
PUT = Instrument(
    "deribit:BTC-27FEB26-50000-P",
    "deribit",
    "BTC-27FEB26-50000-P",
    InstrumentKind.OPTION,
    BTC,
    USD,
    BTC,
    Decimal(1),
    strike=Decimal(50_000),
    right=OptionRight.PUT,
)
PAIR = Instrument(
    "binance:1INCHUSDT", "binance", "1INCHUSDT", InstrumentKind.SPOT, INCH.id, USDT, USDT, Decimal(1)
)
ASSETS = AssetBook(
    (*BUILTIN_ASSETS, INCH, PEPE, TWIN, TRUE),
    (*BUILTIN_ALIASES, AssetAlias("*", "1INCH", INCH.id), AssetAlias("*", "True", TRUE.id)),
)
INSTRUMENTS = InstrumentBook((SPOT, PERP, FUTURE, CALL, PUT, PAIR))
ACCOUNTS = (
    Account("okx-main", "OKX, main", "okx", AccountKind.EXCHANGE, ("trading", "funding")),
    Account("deribit-1", "Deribit", "deribit", AccountKind.EXCHANGE, ("main",)),
)
HASH = "0" * 64


def amount(number: str, asset: str) -> Amount:
    return Amount(Decimal(number), asset)


def _bodies():
    d = Decimal
    fee, none = (amount("-0.00001", BTC),), ()
    yield (
        "okx-main",
        BalanceSnapshot("trading", (BalanceLine(USDT, d("100000.5")), BalanceLine(BTC, d(1), d("0.5")))),
    )
    yield "okx-main", PositionSnapshot("trading", (PositionLine(PERP.id, d(-3), d(90000)),))
    yield "okx-main", BalanceSnapshot("funding", ())
    yield "deribit-1", BalanceSnapshot("main", (BalanceLine(BTC, d("2.123456789012345678")),))
    yield "deribit-1", PositionSnapshot("main", ())
    yield (
        "okx-main",
        Trade(
            "trading",
            SPOT.id,
            d("0.333333333333333333"),
            d("90000.1"),
            amount("-30000.033333333333303333", USDT),
            None,
            fee,
            "o1",
            "mm1",
        ),
    )
    yield (
        "okx-main",
        Trade(
            "trading",
            SPOT.id,
            d("-0.1"),
            d(91000),
            amount("9100", USDT),
            None,
            (amount("-1", USDT), amount("0.5", USDT)),
            "o2",
        ),
    )
    yield "okx-main", Trade("trading", PAIR.id, d(1000), d("0.3"), amount("-300", USDT), None, none, "=cmd()")
    yield (
        "okx-main",
        Trade("trading", PERP.id, d(5), d(91500), None, amount("0.0000547", BTC), fee, "o3", "hedge"),
    )
    yield "okx-main", Trade("trading", FUTURE.id, d(-20), d(3000), None, None, (amount("-0.6", USDT),), "")
    yield "okx-main", CashFlow("trading", CashKind.FUNDING, amount("-0.00001234", BTC), PERP.id)
    yield "okx-main", CashFlow("trading", CashKind.INTEREST, amount("-1.5", USDT))
    yield "okx-main", CashFlow("funding", CashKind.REWARD, amount("0.000000000000000001", ETH))
    yield "okx-main", CashFlow("funding", CashKind.INTEREST, amount("2.5", USDT))
    yield "okx-main", Settlement("trading", FUTURE.id, d(20), d(2900), amount("200", USDT))
    yield (
        "deribit-1",
        Trade("main", CALL.id, d(2), d("0.05"), amount("-0.1", BTC), None, (amount("-0.0006", BTC),), "d1"),
    )
    yield "deribit-1", Trade("main", PUT.id, d(-1), d("0.02"), amount("0.02", BTC), None, none, "d2")
    yield "deribit-1", Settlement("main", CALL.id, d(-2), d("110000"), amount("0.181818181818181818", BTC))
    yield "deribit-1", Settlement("main", PUT.id, d(-1), d("110000"), amount("0", BTC))
    yield "okx-main", Transfer("funding", amount("5000", USDT), TransferKind.EXTERNAL, "0xabc", "0x0102")
    yield (
        "okx-main",
        Transfer("funding", amount("-1", ETH), TransferKind.EXTERNAL, "", "0x0304", amount("-0.002", ETH)),
    )
    yield (
        "okx-main",
        Transfer("funding", amount("-100", USDT), TransferKind.EXTERNAL, "", "", amount("-0.01", ETH)),
    )
    yield "okx-main", Transfer("funding", amount("-2000", USDT), TransferKind.INTERNAL, "okx-main/trading")
    yield "okx-main", Transfer("trading", amount("2000", USDT), TransferKind.INTERNAL, "okx-main/funding")
    yield "okx-main", CashFlow("vault", CashKind.REWARD, amount("7", PEPE.id))
    yield "okx-main", CashFlow("vault", CashKind.REWARD, amount("8", TWIN.id))
    yield "okx-main", CashFlow("vault", CashKind.FEE, amount("-1", TRUE.id))
    yield "deribit-1", CashFlow("main", CashKind.REALISED, amount("-0.001", BTC))


def facts() -> list[Fact]:
    return [
        Fact("okx", account, f'{number} "é;|\\', START + timedelta(minutes=7 * number), body, HASH)
        for number, (account, body) in enumerate(_bodies())
    ]


def journal_of(
    every: list[Fact], *, since: datetime | None = None, opening: tuple[Fact, ...] | None = None
) -> Journal:
    """A journal of facts in memory; without ``opening`` each wallet's first snapshot."""
    if opening is None:
        first: dict[tuple[str, ...], Fact] = {}
        for one in every:
            if isinstance(one.body, BalanceSnapshot | PositionSnapshot):
                first.setdefault((one.account, one.body.wallet, one.kind), one)
        opening = tuple(first.values())

    def of(kinds):
        return [one for one in every if one.kind in kinds]

    return Journal(ACCOUNTS, ASSETS, INSTRUMENTS, since, opening, of)


@pytest.fixture
def every() -> list[Fact]:
    return facts()


@pytest.fixture
def journal_from() -> Callable[..., Journal]:
    return journal_of


@pytest.fixture
def journal(every: list[Fact]) -> Journal:
    return journal_of(every)

"""A venue's own margin ratio, from the payload that an account's balances were read from."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from truenav.core.failure import InvalidInputError
from truenav.core.money import ONE, ZERO, divided, exact, parse_decimal

MARGIN_VENUES = frozenset(
    {
        "binance",
        "bitget",
        "bitmex",
        "bybit",
        "coinbase",
        "deribit",
        "gate",
        "htx",
        "hyperliquid",
        "kraken",
        "krakenfutures",
        "kucoin",
        "okx",
    }
)
"""Venues whose accounts can be liquidated."""


def read_margin_ratio(connector: str, endpoint: str, body: bytes) -> Decimal | None:
    """Maintenance margin by margin balance of the account: 0 nothing at risk, 1 liquidation.

    1 also where margin is needed and nothing is left for it, so that no healthy account beside it hides that.
    None where this payload does not tell it, or the account has no margin position.
    """
    read = _READERS.get((connector, endpoint.partition("/")[0]))
    if read is None:
        return None
    try:
        return read(json.loads(body, parse_float=str))
    except (ValueError, KeyError, IndexError, TypeError, InvalidInputError):
        return None


def _binance(payload: Any) -> Decimal | None:
    """``totalMaintMargin / totalMarginBalance`` of the USD-M account."""
    needed = parse_decimal(payload["totalMaintMargin"])
    balance = parse_decimal(payload["totalMarginBalance"])
    return _share(needed, balance)


def _binance_coins(payload: Any) -> Decimal | None:
    """The largest ``maintMargin / marginBalance`` of the COIN-M account's coins, each margined by itself."""
    return _largest(
        (parse_decimal(row["maintMargin"]), parse_decimal(row["marginBalance"])) for row in payload["assets"]
    )


def _binance_options(payload: Any) -> Decimal | None:
    """The largest ``maintMargin / equity`` of the options wallet's assets."""
    return _largest(
        (parse_decimal(row["maintMargin"]), parse_decimal(row["equity"])) for row in payload["asset"]
    )


def _binance_portfolio(payload: Any) -> Decimal | None:
    """``accountMaintMargin / accountEquity`` of portfolio margin, the inverse of its ``uniMMR``."""
    _, account = payload
    needed, equity = (parse_decimal(account[name]) for name in ("accountMaintMargin", "accountEquity"))
    return _share(needed, equity)


def _okx(payload: Any) -> Decimal | None:
    """The inverse of the smallest ``mgnRatio``, a ratio and not percent: OKX liquidates where one falls to 1.

    In spot, multi-currency and portfolio margin mode the account has one: adjusted equity by maintenance
    margin with the fee of a liquidation, in dollars. In futures mode (once single-currency margin) that one
    is empty, and each currency with cross positions has its own in ``details``: the first to be liquidated
    counts; 1 where what it owes is more than it has.
    """
    account = payload["data"][0]
    told = [account["mgnRatio"], *(row.get("mgnRatio", "") for row in account.get("details", ()))]
    smallest = min(parse_decimal(ratio) for ratio in told if ratio)
    return _share(ONE, smallest)


def _deribit(payload: Any) -> Decimal | None:
    """The largest ``maintenance_margin / margin_balance`` of the summaries, each in its own currency.

    With margin of its own for each currency the first to be liquidated counts; with cross collateral all
    currencies tell the same ratio of the whole account.
    """
    return _largest(
        (parse_decimal(row["maintenance_margin"]), parse_decimal(row["margin_balance"]))
        for row in payload["result"]["summaries"]
    )


def _bitget(payload: Any) -> Decimal | None:
    """The largest ``crossedRiskRate`` of a futures product's accounts: 1 is liquidation in cross margin.

    Positions in isolated margin are liquidated by themselves and are not in it.
    """
    rates = [parse_decimal(row["crossedRiskRate"]) for row in payload["data"] if row["crossedRiskRate"]]
    return max((rate for rate in rates if rate > 0), default=None)


def _bitmex(payload: Any) -> Decimal | None:
    """The largest ``maintMargin / marginBalance`` of the currencies, each margined by itself.

    With margin of several assets (``MAMUSd``) one counts.
    """
    rows = [
        (row["currency"], parse_decimal(row["maintMargin"]), parse_decimal(row["marginBalance"]))
        for row in payload[1]
    ]
    needing = [one for one in rows if one[1] > 0]
    shared = [one for one in needing if one[0] == "MAMUSd"] or needing
    return _largest((needed, balance) for _, needed, balance in shared)


def _htx(payload: Any) -> Decimal | None:
    """``maintenance_margin / equity`` of the account of USDT-margined contracts, both in dollars."""
    account = payload["data"]
    return _share(parse_decimal(account["maintenance_margin"]), parse_decimal(account["equity"]))


_HYPERLIQUID_LIQUIDATES_AT = Decimal("0.95")
"""Hyperliquid liquidates in portfolio margin where its own ratio is above this."""


def _hyperliquid(payload: Any) -> Decimal | None:
    """What cross positions need by the dollars that stand for them.

    In portfolio margin the venue tells a ratio of its own; in a unified account the spot dollars stand for
    all but what isolated positions hold of them, and otherwise the value of the perpetuals. Isolated
    positions are liquidated by themselves.
    """
    mode, spot, perps = payload
    if mode == "portfolioMargin" and spot.get("portfolioMarginRatio"):
        return divided(parse_decimal(spot["portfolioMarginRatio"]), _HYPERLIQUID_LIQUIDATES_AT)
    needed = parse_decimal(perps["crossMaintenanceMarginUsed"])
    if mode not in ("unifiedAccount", "portfolioMargin"):
        return _share(needed, parse_decimal(perps["crossMarginSummary"]["accountValue"]))
    positions = [row["position"] for row in perps["assetPositions"]]
    with exact():
        dollars = sum(
            (parse_decimal(row["total"]) for row in spot["balances"] if row["coin"] == "USDC"), ZERO
        )
        for one in positions:
            if one["leverage"]["type"] == "isolated":
                dollars -= parse_decimal(one["marginUsed"])
    return _share(needed, dollars)


def _bybit(payload: Any) -> Decimal | None:
    """``totalMaintenanceMargin / totalMarginBalance`` of the unified account, both in dollars.

    ``accountMMRate`` is the same to four decimals, and taken where the amounts are not told. All are empty
    with isolated margin, where each position is liquidated by itself.
    """
    account = payload["result"]["list"][0]
    needed, balance = (account.get(name) for name in ("totalMaintenanceMargin", "totalMarginBalance"))
    if needed and balance:
        return _share(parse_decimal(needed), parse_decimal(balance))
    return _share(parse_decimal(account["accountMMRate"]), ONE)


def _coinbase(payload: Any) -> Decimal | None:
    """``liquidation_threshold / available_margin`` of the futures account: at 1 positions are liquidated."""
    summary = payload["balance_summary"]
    needed, available = (
        parse_decimal(summary[name]["value"]) for name in ("liquidation_threshold", "available_margin")
    )
    return _share(needed, available)


def _gate(payload: Any) -> Decimal | None:
    """``total_maintenance_margin / total_margin_balance`` of the unified account, both in dollars.

    With single-currency margin both are zero, and each coin has its own; the first to be liquidated counts.
    """
    account = payload[0]
    needed, balance = (
        parse_decimal(account[f"total_{name}"]) for name in ("maintenance_margin", "margin_balance")
    )
    if needed or balance:
        return _share(needed, balance)
    return _largest(
        (parse_decimal(coin.get("mm", "0")), parse_decimal(coin.get("margin_balance", "0")))
        for coin in account["balances"].values()
    )


_KRAKEN_LIQUIDATES_AT = Decimal("0.4")
"""Kraken closes positions where equity falls to 40 % of the margin in use."""


def _kraken(payload: Any) -> Decimal | None:
    """40 % of the margin in use by equity, from the trade balance that is joined with the balance."""
    account = payload[1]["result"]
    with exact():
        needed = parse_decimal(account["m"]) * _KRAKEN_LIQUIDATES_AT
    return _share(needed, parse_decimal(account["e"]))


def _kraken_futures(payload: Any) -> Decimal | None:
    """The largest maintenance margin by equity of the flex account and of each single-collateral one."""
    rows = []
    for account in payload["accounts"].values():
        if "maintenanceMargin" in account:
            rows.append((account["maintenanceMargin"], account["marginEquity"]))
        elif "marginRequirements" in account:
            rows.append((account["marginRequirements"]["mm"], account["auxiliary"]["pv"]))
    return _largest((parse_decimal(needed), parse_decimal(equity)) for needed, equity in rows)


def _kucoin(payload: Any) -> Decimal | None:
    """The largest ``riskRatio`` of the futures accounts, one for each settlement coin: 1 is liquidation.

    Positions in isolated margin are liquidated by themselves and are not in it.
    """
    ratios = [parse_decimal(one["data"].get("riskRatio") or "0") for one in payload]
    return max((ratio for ratio in ratios if ratio > 0), default=None)


def _largest(rows: Iterable[tuple[Decimal, Decimal]]) -> Decimal | None:
    """The largest share of several accounts, each of what it needs and what stands for it."""
    return max((share for row in rows if (share := _share(*row)) is not None), default=None)


def _share(needed: Decimal, balance: Decimal) -> Decimal | None:
    """None where nothing is needed; 1, liquidation, where margin is needed and nothing is left for it."""
    if needed <= 0:
        return None
    return divided(needed, balance) if balance > 0 else ONE


_READERS: Mapping[tuple[str, str], Callable[[Any], Decimal | None]] = {
    ("binance", "usdm.account"): _binance,
    ("binance", "coinm.account"): _binance_coins,
    ("binance", "options.marginAccount"): _binance_options,
    ("binance", "portfolio.balances"): _binance_portfolio,
    ("bitget", "coinm.accounts"): _bitget,
    ("bitget", "usdcm.accounts"): _bitget,
    ("bitget", "usdtm.accounts"): _bitget,
    ("bitmex", "balances"): _bitmex,
    ("bybit", "wallet"): _bybit,
    ("coinbase", "futures-balance"): _coinbase,
    ("deribit", "account"): _deribit,
    ("gate", "unified"): _gate,
    ("hyperliquid", "balances"): _hyperliquid,
    ("kraken", "balances"): _kraken,
    ("krakenfutures", "accounts"): _kraken_futures,
    ("kucoin", "futures-accounts"): _kucoin,
    ("htx", "usdtm.balance"): _htx,
    ("okx", "balance"): _okx,
}

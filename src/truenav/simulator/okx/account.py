"""OKX v5 trading account: configuration, balances, positions, fills and bills."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from truenav.simulator.books import Books
from truenav.simulator.contracts import ZERO, Position, notional
from truenav.simulator.margin import Pool, locked, margin_of
from truenav.simulator.numbers import plain, round8
from truenav.simulator.okx.rules import TYPE_OF, Route, account, books
from truenav.simulator.protocol import Call
from truenav.simulator.times import milliseconds

MARGIN_RATE = Decimal("0.1")
LIQUIDATION_FEE_RATE = Decimal("0.0005")
"""The venue's taker fee, which it would take for closing the positions."""
RIGHTS = {"read": "read_only", "trade": "trade", "withdraw": "withdraw"}


def configuration(call: Call) -> list[dict[str, Any]]:
    """GET account/config."""
    plan = account(call)
    return [
        {
            "acctLv": "3",
            "acctStpMode": "cancel_maker",
            "autoLoan": plan.borrows,
            "ctIsoMode": "automatic",
            "enableSpotBorrow": plan.borrows,
            "greeksType": "PA",
            "ip": "127.0.0.1",
            "kycLv": "3",
            "label": plan.label,
            "level": "Lv1",
            "levelTmp": "",
            "liquidationGear": "-1",
            "mainUid": str(440000000 + plan.number),
            "mgnIsoMode": "automatic",
            "opAuth": "0",
            "perm": ",".join(name for right, name in RIGHTS.items() if right in plan.permissions),
            "posMode": "net_mode",
            "roleType": "0",
            "spotBorrowAutoRepay": False,
            "spotOffsetType": "",
            "spotRoleType": "0",
            "spotTraderInsts": [],
            "traderInsts": [],
            "type": "0",
            "uid": str(440000000 + plan.number),
        }
    ]


# -- balances and positions -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Valued:
    """A position with its mark and its worth in the settle asset, as the venue rounds it."""

    position: Position
    mark: Decimal
    last: Decimal
    index: Decimal
    at: int
    profit: Decimal
    option_value: Decimal


def _valued(call: Call, state: Books) -> list[Valued]:
    rows = []
    for _, position in sorted(state.positions.items()):
        item = position.instrument
        quote = call.world.quote(item) or call.world.quote(item, call.at)
        assert quote is not None
        contracts = position.size * item.multiplier
        if item.inverse:
            profit = contracts * (quote.mark - position.entry) / (quote.mark * position.entry)
        else:
            profit = contracts * (quote.mark - position.entry)
        value = contracts * quote.mark if item.kind == "option" else ZERO
        rows.append(
            Valued(
                position=position,
                mark=quote.mark,
                last=quote.last,
                index=quote.index,
                at=milliseconds(quote.at),
                profit=round8(profit),
                option_value=round8(value),
            )
        )
    return rows


def balance(call: Call) -> list[dict[str, Any]]:
    """GET account/balance: ``eq = cashBal + upl + option value`` per coin."""
    state = books(call)
    valued = _valued(call, state)
    now = str(milliseconds(call.at))
    wanted = set(filter(None, call.params.get("ccy", "").split(",")))
    details = [_coin(call, state, coin, valued) for coin in state.assets("trading")]
    total = sum((Decimal(row["eqUsd"]) for row in details), ZERO)
    exposure = _notional_usd(call, valued)
    maintenance = round8(_dollars(call, valued, _needed))
    asked = round8(_orders_margin(call, state))
    return [
        {
            "adjEq": plain(total),
            "availEq": plain(total),
            "borrowFroz": "0",
            "details": [row for row in details if not wanted or row["ccy"] in wanted],
            "imr": plain(round8(exposure * MARGIN_RATE) + asked),
            "isoEq": "0",
            "mgnRatio": plain(margin_ratio(total, maintenance, exposure)) if exposure else "",
            "mmr": plain(maintenance),
            "notionalUsd": plain(exposure),
            "notionalUsdForBorrow": "0",
            **{
                f"notionalUsdFor{name}": plain(
                    _notional_usd(call, [row for row in valued if row.position.instrument.kind == kind])
                )
                for name, kind in (("Futures", "future"), ("Option", "option"), ("Swap", "swap"))
            },
            "ordFroz": plain(asked),
            "totalEq": plain(total),
            "uTime": now,
            "upl": "0",
        }
    ]


def valuation(call: Call) -> list[dict[str, Any]]:
    """GET asset/asset-valuation: what each account is worth, by default in BTC."""
    state, prices = books(call), account(call).venue.prices
    unit = call.world.spot_price(prices, call.params.get("ccy") or "BTC")
    if not unit:
        return []
    funding = sum(
        (
            state.balance("funding", coin) * (call.world.spot_price(prices, coin) or ZERO)
            for coin in state.assets("funding")
        ),
        ZERO,
    )
    dollar = call.world.usd_price("USDT-USD", call.at)
    trading = Decimal(balance(call)[0]["totalEq"]) / dollar
    details = {"classic": ZERO, "earn": ZERO, "funding": funding / unit, "trading": trading / unit}
    return [
        {
            "details": {name: plain(round8(worth)) for name, worth in details.items()},
            "totalBal": plain(round8(sum(details.values(), ZERO))),
            "ts": str(milliseconds(call.at)),
        }
    ]


def margin_ratio(equity: Decimal, maintenance: Decimal, exposure: Decimal) -> Decimal:
    """``adjEq / (mmr + liquidation fee)``, in dollars; below 1 the account is closed."""
    return round8(equity / (maintenance + exposure * LIQUIDATION_FEE_RATE))


def _notional_usd(call: Call, valued: Iterable[Valued]) -> Decimal:
    return round8(_dollars(call, valued, _value))


def _value(_: Call, row: Valued) -> Decimal:
    """What a position covers, in the settle asset."""
    return notional(row.position.instrument, abs(row.position.size), row.mark)


def _needed(call: Call, row: Valued) -> Decimal:
    """Maintenance margin of a position, in the settle asset."""
    return call.world.tiers.maintenance("okx", row.position.instrument, row.position.size, row.mark)


def _dollars(call: Call, valued: Iterable[Valued], figure: Callable[[Call, Valued], Decimal]) -> Decimal:
    """The sum of a figure of positions, in dollars."""
    dollar = call.world.usd_price("USDT-USD", call.at)
    total = ZERO
    for row in valued:
        settled_in_dollars = row.position.instrument.settle == "USDT"
        total += figure(call, row) * (dollar if settled_in_dollars else row.index * dollar)
    return total


def _orders_margin(call: Call, state: Books) -> Decimal:
    """Initial margin of open orders, in dollars."""
    world, venue = call.world, account(call).venue.prices
    pool = Pool("trading", "")
    figures = margin_of("okx", state, pool, world.marked, lambda coin: world.spot_price(venue, coin))
    return figures.orders * world.usd_price("USDT-USD", call.at)


def _coin(call: Call, state: Books, coin: str, valued: list[Valued]) -> dict[str, Any]:
    cash, frozen = state.balance("trading", coin), locked(state, coin)
    mine = [row for row in valued if row.position.instrument.settle == coin]
    profit = sum((row.profit for row in mine if row.position.instrument.kind != "option"), ZERO)
    equity = cash + profit + sum((row.option_value for row in mine), ZERO)
    venue = account(call).venue.prices
    price = call.world.spot_price(venue, coin) or ZERO
    dollars = round8(equity * price * call.world.usd_price("USDT-USD", call.at))
    return {
        "accAvgPx": "",
        "availBal": plain(max(ZERO, cash - frozen)),
        "availEq": plain(max(ZERO, equity)),
        "borrowFroz": "0",
        "cashBal": plain(cash),
        "ccy": coin,
        "clSpotInUseAmt": "",
        "collateralEnabled": True,
        "crossLiab": plain(max(ZERO, -cash)),
        "disEq": plain(dollars),
        "eq": plain(equity),
        "eqUsd": plain(dollars),
        "fixedBal": "0",
        "frozenBal": plain(frozen),
        "imr": "0",
        "interest": "0",
        "isoEq": "0",
        "isoLiab": "0",
        "isoUpl": "0",
        "liab": plain(max(ZERO, -cash)),
        "maxLoan": "0",
        "maxSpotInUse": "",
        "mgnRatio": "",
        "mmr": "0",
        "notionalLever": "0",
        "openAvgPx": "",
        "ordFrozen": plain(frozen),
        "rewardBal": "0",
        "smtSyncEq": "0",
        "spotBal": "",
        "spotInUseAmt": "",
        "spotIsoBal": "0",
        "spotUpl": "",
        "spotUplRatio": "",
        "stgyEq": "0",
        "totalPnl": "",
        "totalPnlRatio": "",
        "twap": "0",
        "uTime": str(milliseconds(state.updated_at)) if state.updated_at else "",
        "upl": plain(profit),
        "uplLiab": "0",
    }


def positions(call: Call) -> list[dict[str, Any]]:
    """GET account/positions: net mode, narrowed by `instType` and `instId`."""
    kind, wanted = call.params.get("instType"), call.params.get("instId", "")
    names = set(filter(None, wanted.split(",")))
    return [
        _position(call, row)
        for row in _valued(call, books(call))
        if kind in (None, "", TYPE_OF[row.position.instrument.kind])
        and (not names or row.position.instrument.id in names)
    ]


def _position(call: Call, row: Valued) -> dict[str, Any]:
    position, item = row.position, row.position.instrument
    option = item.kind == "option"
    value = notional(item, abs(position.size), row.mark)
    return {
        "adl": "1",
        "availPos": "" if option else plain(abs(position.size)),
        "avgPx": plain(position.entry),
        "baseBal": "",
        "bePx": plain(position.entry),
        "cTime": str(milliseconds(position.opened_at)),
        "ccy": item.settle,
        "deltaBS": "",
        "deltaPA": "",
        "fee": plain(-position.fees),
        "fundingFee": plain(position.funding),
        "gammaBS": "",
        "gammaPA": "",
        "idxPx": plain(row.index),
        "imr": plain(round8(value * MARGIN_RATE)),
        "instId": item.id,
        "instType": TYPE_OF[item.kind],
        "interest": "",
        "last": plain(row.last),
        "lever": "" if option else "10",
        "liab": "",
        "liabCcy": "",
        "liqPenalty": "0",
        "liqPx": "",
        "margin": "",
        "markPx": plain(row.mark),
        "mgnMode": "cross",
        "mgnRatio": "",
        "mmr": plain(round8(_needed(call, row))),
        "notionalUsd": plain(_notional_usd(call, [row])),
        "optVal": plain(row.option_value) if option else "",
        "pendingCloseOrdLiabVal": "",
        "pnl": plain(position.realized),
        "pos": plain(position.size),
        "posCcy": "",
        "posId": str(milliseconds(position.opened_at)),
        "posSide": "net",
        "quoteBal": "",
        "realizedPnl": plain(position.realized - position.fees + position.funding),
        "spotInUseAmt": "",
        "spotInUseCcy": "",
        "thetaBS": "",
        "thetaPA": "",
        "tradeId": "",
        "uTime": str(milliseconds(position.updated_at)),
        "upl": plain(row.profit),
        "uplLastPx": plain(row.profit),
        "uplRatio": "",
        "uplRatioLastPx": "",
        "usdPx": "",
        "vegaBS": "",
        "vegaPA": "",
    }


ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/api/v5/account/config"): Route(configuration, 5, signed=True),
    ("GET", "/api/v5/account/balance"): Route(balance, 10, signed=True),
    ("GET", "/api/v5/account/positions"): Route(positions, 10, signed=True),
    ("GET", "/api/v5/asset/asset-valuation"): Route(valuation, 1, signed=True),
}

"""100,000 fills of a venue's JSON into exact columns and into facts, beside ccxt's own `parse_trades`."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import ccxt

from bench.harness import Contender, Goal, Workload
from truenav.connect.bulk import ReadFills
from truenav.connect.cefi.binance.fills import spot_trades
from truenav.connect.cefi.okx.fills import fills
from truenav.connect.contract import ParseContext
from truenav.connect.fills import Fills
from truenav.connect.reading import TAGS
from truenav.connect.registry import parse
from truenav.core.asset import BTC, BUILTIN_ALIASES, BUILTIN_ASSETS, USDT, AssetBook
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact
from truenav.core.ids import Sha256
from truenav.core.instrument import Instrument, InstrumentBook, InstrumentKind, instrument_id
from truenav.core.money import ONE, exact

FILLS = 100_000
ORDERS = 30_000
GOAL = 5
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Page:
    """One venue's page of fills and all that either reading of it needs."""

    venue: str
    body: bytes
    evidence: Evidence
    context: ParseContext
    read: ReadFills
    exchange: Any
    market: Any

    def columns(self) -> Fills:
        """Ours, as columns of exact numbers."""
        with exact():
            found = self.read(self.evidence, self.body, self.context)
        assert found is not None, "the page is as documented"
        return found

    def facts(self) -> Sequence[Fact]:
        """Ours, as one fact a fill."""
        return parse(self.evidence, self.body, self.context).facts

    def rows(self) -> list[dict[str, Any]]:
        """ccxt's, as dictionaries."""
        document = json.loads(self.body)
        rows = document if isinstance(document, list) else document["data"]
        found: list[dict[str, Any]] = self.exchange.parse_trades(rows, self.market)
        return found


def binance() -> Page:
    rows = [
        {
            "symbol": "BTCUSDT",
            "id": 28457 + n,
            "orderId": 1 + n % ORDERS,
            "orderListId": -1,
            "price": f"{40000 + n % 977}.{n % 100:02d}000000",
            "qty": f"0.{n % 9999 + 1:08d}",
            "quoteQty": f"{n % 97 + 1}.{n % 10**8:08d}",
            "commission": f"0.0000{n % 9973 + 1:04d}",
            "commissionAsset": "BTC",
            "time": 1499865549590 + n * 250,
            "isBuyer": n % 2 == 0,
            "isMaker": False,
            "isBestMatch": True,
        }
        for n in range(FILLS)
    ]
    tags = ",".join(f"{order}=mm" for order in range(1, ORDERS + 1))
    return _page("binance", "spot.trades/1", "BTCUSDT", rows, ((TAGS, tags),), spot_trades)


def okx() -> Page:
    empty = dict.fromkeys(
        ("fillPxVol", "fillFwdPx", "fillPxUsd", "fillMarkVol", "fillIdxPx", "fillMarkPx", "tag"), ""
    )
    rows = [
        {
            **empty,
            "side": "buy" if n % 2 else "sell",
            "fillSz": f"0.{n % 9999 + 1:08d}",
            "fillPx": f"{40000 + n % 977}.{n % 10}",
            "fee": f"-0.0000{n % 9973 + 1:04d}",
            "feeRate": "-0.001",
            "fillPnl": "0",
            "ordId": str(680800019749904384 + n // 3),
            "instType": "SPOT",
            "instId": "BTC-USDT",
            "clOrdId": "mm-1",
            "posSide": "net",
            "billId": str(680800019754098688 + n),
            "subType": "1",
            "fillTime": str(1708587373361 + n * 250),
            "execType": "T",
            "tradeId": str(744876980 + n),
            "feeCcy": "BTC",
            "ts": str(1708587373362 + n * 250),
        }
        for n in range(FILLS)
    ]
    return _page("okx", "fills/1", "BTC-USDT", {"code": "0", "data": rows, "msg": ""}, (), fills)


def _page(
    venue: str,
    endpoint: str,
    code: str,
    document: object,
    params: tuple[tuple[str, str], ...],
    read: ReadFills,
) -> Page:
    body = json.dumps(document, separators=(",", ":")).encode()
    request = Request("GET", "https://venue.test", params)
    evidence = Evidence(
        Sha256(sha256_hex(body)), len(body), venue, "1", endpoint, "a", request, NOW, NOW, 200
    )
    terms = Instrument(instrument_id(venue, code), venue, code, InstrumentKind.SPOT, BTC, USDT, USDT, ONE)
    exchange = getattr(ccxt, venue)({"number": str})
    market = {"id": code, "symbol": "BTC/USDT", "base": "BTC", "quote": "USDT", "type": "spot", "spot": True}
    exchange.set_markets([exchange.safe_market_structure({**market, "baseId": "BTC", "quoteId": "USDT"})])
    context = ParseContext(AssetBook(BUILTIN_ASSETS, BUILTIN_ALIASES), InstrumentBook([terms]))
    return Page(venue, body, evidence, context, read, exchange, exchange.market("BTC/USDT"))


def _check(page: Page) -> None:
    """Each field of each fill, of columns, facts and ccxt's rows."""
    columns, facts, theirs = page.columns(), page.facts(), page.rows()
    assert columns.facts(page.evidence) == facts
    assert len(facts) == len(theirs) == FILLS
    for n, row in enumerate(theirs):
        told = (
            columns.id[n].rpartition(":")[2],
            columns.at[n],
            abs(columns.quantity[n]),
            columns.quantity[n] > 0,
            columns.price[n],
            -columns.fee[n],
            columns.order_id[n],
        )
        number = row["info"]["billId"] if page.venue == "okx" else row["id"]
        cost = Decimal(row["fee"]["cost"])
        assert told == (
            number,
            row["timestamp"],
            Decimal(row["amount"]),
            row["side"] == "buy",
            Decimal(row["price"]),
            cost,
            row["order"],
        )


def workload() -> Workload:
    pages = [binance(), okx()]
    contenders = []
    for page in pages:
        ways: dict[str, Callable[[], object]] = {
            "truenav": page.columns,
            "truenav, facts": page.facts,
            "ccxt": page.rows,
        }
        contenders += [Contender(f"{name} ({page.venue})", way) for name, way in ways.items()]

    def verify() -> str:
        for page in pages:
            _check(page)
        return (
            "Number, time, side, size, price, fee and order of each fill are ccxt's, as columns and as facts."
        )

    return Workload(
        title="Parsing 100,000 fills of a venue's JSON",
        items=FILLS,
        unit="fill",
        ours="truenav (binance)",
        contenders=contenders,
        goals=[
            Goal(
                f"times as fast as ccxt's parse_trades, {one.venue}",
                lambda seconds, venue=one.venue: seconds[f"ccxt ({venue})"] / seconds[f"truenav ({venue})"],  # type: ignore[misc]
                at_least=GOAL,
            )
            for one in pages
        ],
        verify=verify,
        notes=[
            "Each reads the same bytes. ccxt keeps numbers as text (its `number` is `str`), losing nothing. "
            "Facts are the columns put into one value a fill, which the journal hashes."
        ],
    )

"""ccxt's unified rows as canonical JSON: the fields that our parsers read, every number exact, as text.

What is written here is archived as evidence of its own, beside the raw answers that it was made of and
names by their hashes; a verifier starts from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from truenav.connect.cefi.unified.client import Answer, UnifiedClient
from truenav.connect.cefi.unified.symbols import market_name
from truenav.connect.contract import Payload
from truenav.connect.errors import MalformedPayloadError
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.core.evidence import UNIFIED, Evidence, Request
from truenav.core.failure import InvalidInputError
from truenav.core.ids import Sha256
from truenav.core.money import parse_decimal, to_text

RAW_HASH = "raw"


@dataclass(frozen=True, slots=True)
class Columns:
    """Which fields of ccxt's rows are kept, by what they hold."""

    texts: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    instants: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()


MARKETS = Columns(
    texts=("id", "type", "symbol", "base", "quote", "settle", "optionType"),
    numbers=("contractSize", "strike"),
    instants=("expiry",),
    flags=("inverse", "linear"),
)
TICKERS = Columns(
    texts=("symbol",), numbers=("last", "markPrice", "indexPrice", "baseVolume"), instants=("timestamp",)
)
FUNDING_RATES = Columns(texts=("symbol",), numbers=("markPrice", "indexPrice"), instants=("timestamp",))
BALANCES = Columns(texts=("code",), numbers=("total", "used", "debt"))
POSITIONS = Columns(texts=("symbol", "side"), numbers=("contracts", "entryPrice"))
TRADES = Columns(
    texts=("id", "order", "symbol", "side"), numbers=("price", "amount", "cost"), instants=("timestamp",)
)
FEE = Columns(texts=("currency",), numbers=("cost",))
MOVEMENTS = Columns(
    texts=("id", "txid", "type", "currency", "address", "addressFrom", "addressTo", "status"),
    numbers=("amount",),
    instants=("timestamp",),
    flags=("internal",),
)
TRANSFERS = Columns(
    texts=("id", "currency", "fromAccount", "toAccount", "status"),
    numbers=("amount",),
    instants=("timestamp",),
)
LEDGER = Columns(texts=("id", "type", "direction", "currency"), numbers=("amount",), instants=("timestamp",))
FUNDING = Columns(texts=("id", "symbol", "code"), numbers=("amount",), instants=("timestamp",))
INTEREST = Columns(
    texts=("id", "symbol", "currency", "marginMode"), numbers=("interest",), instants=("timestamp",)
)


def kept(row: Mapping[str, Any], columns: Columns, where: str) -> dict[str, Any]:
    """The wanted fields of one row; what is absent or null is left out.

    Raises ``MalformedPayloadError`` for a number that is not exact: ccxt made a float of it.
    """
    found: dict[str, Any] = {}
    for name in columns.texts:
        if row.get(name) is not None:
            found[name] = str(row[name])
    for name in columns.numbers:
        if row.get(name) is not None:
            found[name] = exact_text(row[name], f"{where}.{name}")
    for name in columns.instants:
        if row.get(name) is not None:
            found[name] = _milliseconds(row[name], f"{where}.{name}")
    for name in columns.flags:
        if isinstance(row.get(name), bool):
            found[name] = row[name]
    return found


def exact_text(value: object, where: str) -> str:
    """The canonical text of a number that ccxt gave as ``Decimal``, ``int`` or text."""
    if isinstance(value, float):
        raise MalformedPayloadError(f"{where}: ccxt gave a binary float, which is no exact number.")
    try:
        return to_text(parse_decimal(value, what=where))
    except InvalidInputError as error:
        raise MalformedPayloadError(error.message) from error


def _milliseconds(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal) or value != int(value):
        raise MalformedPayloadError(f"{where}: whole milliseconds since 1970 are expected.")
    return str(int(value))


def listed(value: object) -> list[Mapping[str, Any]]:
    """The rows that a method of ccxt gave, as a list or by symbol; anything else is refused."""
    found = list(value.values()) if isinstance(value, Mapping) else value
    if not isinstance(found, list) or not all(isinstance(row, Mapping) for row in found):
        raise MalformedPayloadError("ccxt made no rows of the answer.")
    return found


def market_rows(markets: object) -> list[dict[str, Any]]:
    """Contract terms of all markets."""
    return [
        {"market": market_name(one), **kept(one, MARKETS, f"market {one.get('symbol')}")}
        for one in listed(markets)
    ]


def balance_rows(balance: object) -> list[dict[str, Any]]:
    """Balances by ccxt's code of the asset, in its order."""
    if not isinstance(balance, Mapping) or not isinstance(balance.get("total"), Mapping):
        raise MalformedPayloadError("ccxt made no balances of the answer.")
    totals = balance["total"]
    if not all(isinstance(code, str) and code for code in totals):
        raise MalformedPayloadError("ccxt tells a balance of no asset.")
    rows = ({**balance[code], "code": code} for code in sorted(totals) if isinstance(balance.get(code), dict))
    return [kept(row, BALANCES, f"balance {row['code']}") for row in rows]


def trade_rows(client: UnifiedClient, trades: object) -> list[dict[str, Any]]:
    """Fills with all their fees."""
    rows = []
    for row in listed(trades):
        where = f"trade {row.get('id')}"
        fees = row.get("fees") or [row.get("fee") or {}]
        named = {"market": market_of(client, row.get("symbol")), **kept(row, TRADES, where)}
        paid = [kept(fee, FEE, f"{where} fee") for fee in fees if fee.get("cost") is not None]
        rows.append({**named, "fees": paid})
    return rows


def movement_rows(moved: object) -> list[dict[str, Any]]:
    """Deposits and withdrawals with their fee."""
    rows = []
    for row in listed(moved):
        where = f"{row.get('type')} {row.get('id')}"
        fee = row.get("fee") or {}
        told = {"fee": kept(fee, FEE, f"{where} fee")} if fee.get("cost") is not None else {}
        rows.append({**kept(row, MOVEMENTS, where), **told})
    return rows


def plain_rows(client: UnifiedClient, found: object, columns: Columns, what: str) -> list[dict[str, Any]]:
    """Rows whose columns are all there is, each with its market where it names one."""
    rows = []
    for row in listed(found):
        market = {"market": market_of(client, row["symbol"])} if row.get("symbol") else {}
        rows.append({**market, **kept(row, columns, f"{what} {row.get('id') or row.get('symbol')}")})
    return rows


def market_of(client: UnifiedClient, symbol: object) -> str:
    """``type:id`` of the market that ccxt calls ``symbol``; empty where it does not know one."""
    return market_name((client.exchange.markets or {}).get(symbol))


async def payload_of(
    client: UnifiedClient, endpoint: str, method: str, answers: Iterable[Answer], body: Mapping[str, Any]
) -> Payload:
    """Rows as evidence of their own, archived; the request names the method and the raw answers' hashes."""
    heard = [one.evidence for answer in answers for one in answer.heard]
    data = canonical_json(body)
    now = client.api.now()
    payload = Payload(
        Evidence(
            sha256=Sha256(sha256_hex(data)),
            size=len(data),
            connector=client.venue.id,
            connector_version=client.api.manifest.version,
            endpoint=endpoint,
            account=client.api.account,
            request=Request(UNIFIED, f"ccxt:{method}", tuple((RAW_HASH, one.sha256) for one in heard)),
            asked_at=min((one.asked_at for one in heard), default=now),
            answered_at=max((one.answered_at for one in heard), default=now),
            status=200,
        ),
        data,
    )
    return await client.api.keep(payload)

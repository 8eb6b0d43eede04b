"""What the venues publish and what the operator knows, read as plain data over HTTP.

No connector takes part: the raw fields that the venues document are picked out here a second time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx

Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Quote:
    """``source`` says at ``at``: one ``base`` costs ``price`` ``quote``."""

    source: str
    base: str
    quote: str
    kind: str
    price: Fraction
    at: datetime
    volume: Fraction | None = None


@dataclass(frozen=True)
class Contract:
    """Terms of a market; ``multiplier`` in base (inverse: in quote) a contract."""

    name: str
    venue: str
    kind: str
    base: str
    quote: str
    settle: str
    multiplier: Fraction
    expires_at: datetime | None

    @property
    def inverse(self) -> bool:
        return self.kind in ("swap", "future") and self.settle == self.base


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def milliseconds(text: str | int) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(text))


def contracts(market: Path, shift: timedelta) -> dict[str, Contract]:
    """The instrument file of a scenario, re-dated, by the names that statements use."""
    with (market / "instruments.csv").open(encoding="utf-8") as file:
        found = [_contract(row, shift) for row in csv.DictReader(file)]
    return {one.name: one for one in found}


def _contract(row: Mapping[str, str], shift: timedelta) -> Contract:
    expires_at = instant(row["expiry"]) + shift if row["expiry"] else None
    return Contract(
        name=_name(row, expires_at),
        venue=row["venue"],
        kind=row["kind"],
        base=row["base"],
        quote=row["quote"],
        settle=row["settle"],
        multiplier=Fraction(row["contract_value"]) * Fraction(row["multiplier"]),
        expires_at=expires_at,
    )


def _name(row: Mapping[str, str], expires_at: datetime | None) -> str:
    if row["venue"] == "binance":
        return f"binance{'' if row['kind'] == 'spot' else '-usdm'}:{row['base']}{row['quote']}"
    parts = row["instrument"].split("-")
    if expires_at is not None:
        parts[2] = f"{expires_at:%y%m%d}"
    return f"{row['venue']}:{'-'.join(parts)}"


@dataclass(frozen=True)
class Venues:
    """The simulated venues at an address."""

    url: str
    client: httpx.Client
    vendor_key: str = ""

    def ask(self, path: str, **params: str) -> Any:
        return self._get(path, params).json()

    def control(self, what: str, **params: str) -> Any:
        return self.ask(f"/_simulator/{what}", **params)

    def statement(self, account: str) -> dict[str, Rows]:
        """An account as it stands now."""
        found: dict[str, Rows] = self.control("statement", account=account)
        return found

    def truth(self, account: str) -> dict[str, Any]:
        found: dict[str, Any] = self.control("truth", account=account)
        return found

    def live(self, *, but: tuple[str, ...] = ()) -> list[Quote]:
        """All that is published now by the sources that answer."""
        sources = {"binance": self.binance, "okx": self.okx, "vendor": self.vendor, "ecb": self.ecb}
        return [one for name, read in sources.items() if name not in but for one in read()]

    def binance(self) -> Iterator[Quote]:
        for row in self.ask("/api/v3/ticker/24hr"):
            base, volume = row["symbol"].removesuffix("USDT"), Fraction(row["volume"])
            at = milliseconds(row["closeTime"])
            yield Quote("binance", base, "USDT", "last", Fraction(row["lastPrice"]), at, volume)
        for row in self.ask("/fapi/v1/premiumIndex"):
            price, at = Fraction(row["markPrice"]), milliseconds(row["time"])
            yield Quote("binance", f"binance-usdm:{row['symbol']}", "", "mark", price, at)

    def okx(self) -> Iterator[Quote]:
        for row in self.ask("/api/v5/market/tickers", instType="SPOT")["data"]:
            base, quote = row["instId"].split("-")
            price, volume = Fraction(row["last"]), Fraction(row["vol24h"])
            yield Quote("okx", base, quote, "last", price, milliseconds(row["ts"]), volume)
        for kind in ("SWAP", "FUTURES", "OPTION"):
            families = {"instFamily": "BTC-USD"} if kind == "OPTION" else {}
            for row in self.ask("/api/v5/public/mark-price", instType=kind, **families)["data"]:
                price, at = Fraction(row["markPx"]), milliseconds(row["ts"])
                yield Quote("okx", f"okx:{row['instId']}", "", "mark", price, at)

    def vendor(self) -> Iterator[Quote]:
        for row in self.ask("/v1/prices", pairs="BTC-USD,ETH-USD,USDT-USD,USDC-USD")["prices"]:
            base, quote = row["pair"].split("-")
            yield Quote("vendor", base, quote, "last", Fraction(row["price"]), instant(row["at"]))

    def ecb(self) -> Iterator[Quote]:
        text = self._get("/stats/eurofxref/eurofxref-daily.xml", {}).text
        day = date.fromisoformat(re.findall(r'time="([\d-]+)"', text)[0])
        at = datetime.combine(day, time(15, tzinfo=UTC))
        for currency, rate in re.findall(r'currency="(\w+)" rate="([\d.]+)"', text):
            yield Quote("ecb", "EUR", currency, "fixing", Fraction(rate), at)

    def closing(self, at: datetime) -> list[Quote]:
        """The file of closing prices of an instant."""
        rows = self.control("prices", at=at.isoformat())
        return [
            Quote(
                "file",
                row["base"],
                row["quote"] if row["kind"] == "last" else "",
                row["kind"],
                Fraction(row["price"]),
                instant(row["at"]),
            )
            for row in rows
        ]

    def _get(self, path: str, params: Mapping[str, str]) -> httpx.Response:
        headers = {"X-Api-Key": self.vendor_key}
        answer = self.client.get(f"{self.url}{path}", params=dict(params), headers=headers)
        return answer.raise_for_status()

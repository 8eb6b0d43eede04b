"""The demo's two pricing policies, told once more: live prices, and closing prices of a file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

from tests.oracle.published import Contract, Quote

QUARTER, DAY = timedelta(minutes=15), timedelta(days=1)
STABLE, COINS, VENUES = ("USDT", "USDC"), ("BTC", "ETH"), ("binance", "okx")
CUT, CLAMP, HALF = Fraction(5, 100), Fraction(1, 100), Fraction(1, 2)


@dataclass(frozen=True)
class Price:
    """Units of ``quote`` (or US dollars) for one thing; not ``fresh``: it weighs as stale."""

    number: Fraction
    fresh: bool = True


@dataclass(frozen=True)
class _Offer:
    """A price that a source offers, in ``quote``."""

    number: Fraction
    quote: str
    at: datetime


@dataclass
class Prices:
    """Prices at one instant from everything that was read up to it; None is unpriced."""

    at: datetime
    quotes: Iterable[Quote]
    closing: bool = False
    latest: dict[tuple[str, str, str, str], Quote] = field(init=False)

    def __post_init__(self) -> None:
        self.latest = {}
        for one in sorted(self.quotes, key=lambda one: one.at):
            if one.at <= self.at:
                self.latest[one.source, one.base, one.quote, one.kind] = one

    def usd(self, asset: str, venue: str = "") -> Price | None:
        """US dollars for one unit of an asset as held at a venue."""
        if asset == "USD":
            return Price(Fraction(1))
        if asset == "EUR":
            return self._settled(self._chosen(self._offers(asset, "ecb fixing USD"), 4 * DAY, 10 * DAY))
        if asset in STABLE:
            return self._settled(self._chosen(self._offers(asset, "vendor last USD"), DAY, 3 * DAY))
        if asset not in COINS:
            return self._by_euro(asset)
        offers = self._offers(asset, f"{venue} last USDT")
        index = None if self.closing else self.index(asset)
        if index is not None:
            offers.append(index)
        offers += self._offers(asset, "vendor last USD")
        chosen = self._chosen(offers, QUARTER, DAY)
        if chosen is None or self.closing:
            return self._settled(chosen, venue)
        offer, fresh = chosen
        if index is None:
            return self._settled((offer, False), venue)
        if offer == index:
            return self._settled((offer, fresh), venue)
        unit = self.usd("USDT", venue)
        own = self._settled((offer, fresh), venue)
        if unit is None or own is None:
            return own
        last = own.number / unit.number
        clamped = min(max(last, index.number * (1 - CLAMP)), index.number * (1 + CLAMP))
        blend = HALF * clamped + HALF * index.number
        return Price(blend * unit.number, own.fresh and unit.fresh)

    def index(self, asset: str) -> _Offer | None:
        """Volume-weighted mean of the fresh venues within the cut of their median; two at least."""
        found = [self.latest.get((venue, asset, "USDT", "last")) for venue in VENUES]
        fresh = [one for one in found if one is not None and self.at - one.at <= QUARTER]
        if not fresh:
            return None
        ordered = sorted(one.price for one in fresh)
        median = (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2
        kept = [one for one in fresh if abs(one.price - median) <= CUT * median]
        if len(kept) < 2:
            return None
        volumes = [one.volume for one in kept]
        weights = [one or Fraction(0) for one in volumes]
        if None in volumes or not any(weights):
            weights = [Fraction(1)] * len(kept)
        total = sum((one.price * weight for one, weight in zip(kept, weights, strict=True)), Fraction(0))
        return _Offer(total / sum(weights), "USDT", min(one.at for one in kept))

    def mark(self, contract: Contract) -> Price | None:
        """The contract's price in its own currency (an option's in coin)."""
        chosen = self._chosen(self._marks(contract), QUARTER, DAY)
        unit = self.usd(contract.settle if contract.kind == "option" else contract.quote, contract.venue)
        if chosen is None or unit is None:
            return None
        return Price(chosen[0].number, chosen[1] and unit.fresh)

    def _marks(self, contract: Contract) -> list[_Offer]:
        unit = contract.settle if contract.kind == "option" else contract.quote
        own = self.latest.get((contract.venue, contract.name, "", "mark"))
        filed = self.latest.get(("file", contract.name, "", "mark"))
        found = [filed] if self.closing else [own, filed]
        return [_Offer(one.price, unit, one.at) for one in found if one is not None]

    def _offers(self, asset: str, first: str) -> list[_Offer]:
        """The first source (where the policy has it), then the file's closing price."""
        source, kind, quote = first.split(" ")
        if source == "ecb":
            own = self.latest.get(("ecb", "EUR", "USD", "fixing"))
        else:
            own = None if self.closing else self.latest.get((source, asset, quote, kind))
        filed = self.latest.get(("file", asset, "USD", "last")) if source in ("vendor", "ecb") else None
        found = [(own, quote), (filed, "USD")]
        return [_Offer(one.price, unit, one.at) for one, unit in found if one is not None]

    def _chosen(
        self, offers: Iterable[_Offer], stale_after: timedelta, unusable_after: timedelta
    ) -> tuple[_Offer, bool] | None:
        """The first fresh offer; else the newest that may still be used."""
        usable = [one for one in offers if self.at - one.at <= unusable_after]
        for one in usable:
            if self.at - one.at <= stale_after:
                return one, True
        newest = max(usable, key=lambda one: one.at, default=None)
        return None if newest is None else (newest, False)

    def _settled(self, chosen: tuple[_Offer, bool] | None, venue: str = "") -> Price | None:
        if chosen is None:
            return None
        unit = self.usd(chosen[0].quote, venue)
        return None if unit is None else Price(chosen[0].number * unit.number, chosen[1] and unit.fresh)

    def _by_euro(self, currency: str) -> Price | None:
        """Through EUR: the euro's price over the ECB's rate of the currency."""
        euro, quote = self.usd("EUR"), self.latest.get(("ecb", "EUR", currency, "fixing"))
        if euro is None or quote is None or self.at - quote.at > 10 * DAY:
            return None
        return Price(euro.number / quote.price, euro.fresh and self.at - quote.at <= 4 * DAY)

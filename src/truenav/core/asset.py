"""Assets and their aliases. Identity is never a ticker.

An ``AssetId`` is CAIP-19 text (``eip155:1/erc20:0xdac1...``), ``iso4217:USD`` for money, or
``index:NAME``. Venues and files speak tickers; an alias maps one venue's code to one asset for a time,
because symbols are re-used (LUNA) and collide.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from truenav.core.failure import InvalidInputError
from truenav.core.money import AssetId

ANY_VENUE = "*"
"""Alias namespace that serves every venue without an alias of its own."""


class UnknownAssetError(InvalidInputError):
    """No alias maps this code to an asset."""

    code = "unknown-asset"
    title = "Unknown asset"


class AmbiguousTickerError(InvalidInputError):
    """More than one asset answers to this code."""

    code = "ambiguous-ticker"
    title = "Ambiguous ticker"


class AssetKind(StrEnum):
    """What an asset is, for pricing rules and exposure."""

    FIAT = "fiat"
    STABLECOIN = "stablecoin"
    CRYPTO = "crypto"
    RECEIPT = "receipt"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Asset:
    """One asset; ``symbol`` is for people, ``id`` is identity, ``decimals`` the smallest unit's scale."""

    id: AssetId
    symbol: str
    name: str
    kind: AssetKind
    decimals: int


@dataclass(frozen=True, slots=True)
class AssetAlias:
    """``code`` means ``asset`` in ``namespace`` (a venue, a chain, or ``*``) from ``valid_from`` on.

    ``valid_from`` None: since ever; ``valid_to`` (exclusive) None: until further notice.
    """

    namespace: str
    code: str
    asset: AssetId
    valid_from: datetime | None = None
    valid_to: datetime | None = None

    def covers(self, at: datetime) -> bool:
        """Whether the alias holds at an instant."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_to is None or at < self.valid_to
        )


class AssetBook:
    """Finds assets by id and by alias. Immutable; building it checks nothing twice."""

    def __init__(self, assets: Iterable[Asset], aliases: Iterable[AssetAlias]) -> None:
        self.assets: Mapping[AssetId, Asset] = {asset.id: asset for asset in assets}
        self.aliases: tuple[AssetAlias, ...] = tuple(aliases)
        self._by_code: dict[tuple[str, str], list[AssetAlias]] = {}
        for alias in self.aliases:
            self._by_code.setdefault((alias.namespace, alias.code), []).append(alias)
        self.dated_codes = frozenset(one.code for one in self.aliases if one.valid_from or one.valid_to)
        """Codes that do not mean the same at all times."""

    def resolve(self, namespace: str, code: str, at: datetime) -> AssetId:
        """The asset that ``code`` means on ``namespace`` at an instant.

        A full asset id is taken as it is. The venue's own aliases come before the general ones.
        Raises ``UnknownAssetError`` or ``AmbiguousTickerError``; nothing is guessed.
        """
        if AssetId(code) in self.assets:
            return AssetId(code)
        for space in (namespace, ANY_VENUE):
            found = {alias.asset for alias in self._by_code.get((space, code), []) if alias.covers(at)}
            if len(found) == 1:
                return found.pop()
            if found:
                raise AmbiguousTickerError(
                    f"{code!r} on {namespace} can be {', '.join(sorted(found))}; write the full asset id.",
                    code=code,
                    namespace=namespace,
                )
        raise UnknownAssetError(
            f"{code[:60]!r} on {namespace} is not a known asset; add it with 'truenav asset add'.",
            code=code[:60],
            namespace=namespace,
        )

    def symbol(self, asset: AssetId) -> str:
        """The short name for people; the id itself where the asset is not registered."""
        known = self.assets.get(asset)
        return known.symbol if known else asset


USD = AssetId("iso4217:USD")
EUR = AssetId("iso4217:EUR")
GBP = AssetId("iso4217:GBP")
JPY = AssetId("iso4217:JPY")
CNY = AssetId("iso4217:CNY")
HKD = AssetId("iso4217:HKD")
SGD = AssetId("iso4217:SGD")
BTC = AssetId("bip122:000000000019d6689c085ae165831e93/slip44:0")
ETH = AssetId("eip155:1/slip44:60")
USDT = AssetId("eip155:1/erc20:0xdac17f958d2ee523a2206206994597c13d831ec7")
USDC = AssetId("eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48")

BUILTIN_ASSETS: tuple[Asset, ...] = (
    Asset(USD, "USD", "US dollar", AssetKind.FIAT, 2),
    Asset(EUR, "EUR", "Euro", AssetKind.FIAT, 2),
    Asset(GBP, "GBP", "Pound sterling", AssetKind.FIAT, 2),
    Asset(JPY, "JPY", "Japanese yen", AssetKind.FIAT, 0),
    Asset(CNY, "CNY", "Chinese yuan", AssetKind.FIAT, 2),
    Asset(HKD, "HKD", "Hong Kong dollar", AssetKind.FIAT, 2),
    Asset(SGD, "SGD", "Singapore dollar", AssetKind.FIAT, 2),
    Asset(BTC, "BTC", "Bitcoin", AssetKind.CRYPTO, 8),
    Asset(ETH, "ETH", "Ether", AssetKind.CRYPTO, 18),
    Asset(USDT, "USDT", "Tether USD", AssetKind.STABLECOIN, 6),
    Asset(USDC, "USDC", "USD Coin", AssetKind.STABLECOIN, 6),
)

BUILTIN_ALIASES: tuple[AssetAlias, ...] = (
    *(AssetAlias(ANY_VENUE, asset.symbol, asset.id) for asset in BUILTIN_ASSETS),
    AssetAlias("bitmex", "XBT", BTC),
)

"""Tickers are aliases: resolved by venue and time, never guessed."""

from datetime import UTC, datetime

import pytest

from truenav.core.asset import (
    ANY_VENUE,
    BTC,
    BUILTIN_ALIASES,
    BUILTIN_ASSETS,
    USDT,
    AmbiguousTickerError,
    Asset,
    AssetAlias,
    AssetBook,
    AssetKind,
    UnknownAssetError,
)
from truenav.core.money import AssetId

OLD, NEW = AssetId("cosmos:columbus-5/slip44:330"), AssetId("cosmos:phoenix-1/slip44:330")
FORK = datetime(2022, 5, 28, tzinfo=UTC)
BEFORE, AFTER = datetime(2022, 5, 1, tzinfo=UTC), datetime(2022, 6, 1, tzinfo=UTC)


def book(*aliases: AssetAlias) -> AssetBook:
    luna = [Asset(one, "LUNA", "Terra", AssetKind.CRYPTO, 6) for one in (OLD, NEW)]
    return AssetBook([*BUILTIN_ASSETS, *luna], [*BUILTIN_ALIASES, *aliases])


def test_a_reused_symbol_means_what_it_meant_then() -> None:
    assets = book(
        AssetAlias(ANY_VENUE, "LUNA", OLD, valid_to=FORK), AssetAlias(ANY_VENUE, "LUNA", NEW, valid_from=FORK)
    )
    assert assets.resolve("binance", "LUNA", BEFORE) == OLD
    assert assets.resolve("binance", "LUNA", FORK) == NEW
    assert assets.resolve("binance", "LUNA", AFTER) == NEW


def test_the_alias_of_the_venue_comes_before_the_general_one() -> None:
    assets = book(AssetAlias("kraken", "XBT", BTC), AssetAlias("odd", "BTC", USDT))
    assert assets.resolve("kraken", "XBT", AFTER) == BTC
    assert assets.resolve("odd", "BTC", AFTER) == USDT
    assert assets.resolve("kraken", "BTC", AFTER) == BTC


def test_a_full_id_needs_no_alias() -> None:
    assert book().resolve("anywhere", USDT, AFTER) == USDT


def test_two_assets_behind_one_ticker_are_refused_with_both_named() -> None:
    assets = book(AssetAlias("binance", "LUNA", OLD), AssetAlias("binance", "LUNA", NEW))
    with pytest.raises(AmbiguousTickerError) as refusal:
        assets.resolve("binance", "LUNA", AFTER)
    assert OLD in str(refusal.value)
    assert NEW in str(refusal.value)


def test_the_same_alias_twice_is_not_ambiguous() -> None:
    alias = AssetAlias("binance", "LUNA", OLD)
    assert book(alias, alias).resolve("binance", "LUNA", AFTER) == OLD


@pytest.mark.parametrize("code", ["LUNA", "btc", "", "X" * 1000])
def test_an_unknown_code_is_refused_with_the_way_to_mend_it(code: str) -> None:
    with pytest.raises(UnknownAssetError, match="truenav asset add") as refusal:
        book().resolve("binance", code, AFTER)
    assert len(str(refusal.value)) < 200


def test_the_symbol_of_an_unregistered_asset_is_its_id() -> None:
    assert book().symbol(BTC) == "BTC"
    assert book().symbol(AssetId("eip155:1/erc20:0x1")) == "eip155:1/erc20:0x1"

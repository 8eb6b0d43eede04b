"""What is kept of ccxt's venues is what ccxt says; nobody loads ccxt to list or to parse them."""

import subprocess
import sys

import ccxt.async_support as ccxt
import pytest

from truenav.connect import registry
from truenav.connect.cefi.unified.catalogue import describe, venues
from truenav.connect.contract import AccountConnector


@pytest.mark.parametrize("venue", ccxt.exchanges)
def test_the_catalogue_says_of_a_venue_what_ccxt_says(venue):
    assert describe(getattr(ccxt, venue)()) == venues()[venue]


def test_every_venue_of_ccxt_has_a_connector_and_no_other():
    assert set(venues()) == set(ccxt.exchanges)
    assert len(venues()) == 104
    for name in venues():
        found = registry.connector(name)
        assert isinstance(found, AccountConnector)
        assert found.manifest.name == name


def test_a_connector_of_our_own_wins_over_ccxt():
    for name in ("binance", "okx"):
        assert name not in registry.unified_names()
        assert registry.connector(name).manifest.grade == "gold"


def test_a_manifest_has_what_a_transport_needs():
    for name in registry.unified_names():
        manifest = registry.connector(name).manifest
        assert all(url.startswith("https://") for url in manifest.hosts.values()), name
        assert manifest.budgets[0].weight >= 1
        assert manifest.wallets == ("main",) or "main" not in manifest.wallets
        assert set(manifest.credentials) <= {"key", "secret", "passphrase"}


def test_a_wallet_that_signs_is_asked_for_its_address_alone():
    for name in ("hyperliquid", "apex", "derive"):
        venue = venues()[name]
        assert "privateKey" not in venue.credentials.values() or "walletAddress" not in venue.credentials


def test_listing_opening_and_parsing_load_no_ccxt():
    code = (
        "import sys\n"
        "from truenav.connect import registry\n"
        "names = registry.unified_names()\n"
        "found = [registry.connector(name).manifest.title for name in names]\n"
        "parsers = [registry.parsers(name) for name in names]\n"
        "print(len(found), 'ccxt' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    count, loaded = done.stdout.split()
    assert int(count) > 80
    assert loaded == "False"

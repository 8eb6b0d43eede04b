"""The secondary market of a product, over HTTP: a venue's book beside NAV, and what is missing by name."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.etp import market
from truenav.connect.books import OrderBook
from truenav.connect.cefi.binance.connector import BinanceConnector
from truenav.connect.contract import Payload
from truenav.connect.errors import VenueUnavailableError
from truenav.core.canonical import sha256_hex
from truenav.core.evidence import Evidence, Request
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import InstrumentId, Sha256
from truenav.core.instrument import Instrument, InstrumentKind
from truenav.core.money import AssetId
from truenav.store import definitions, evidence
from truenav.store.definitions import Kind
from truenav.store.journal import Journal

from .conftest import LISTING, state_instrument
from .test_products import _run

D = Decimal
USD = AssetId("iso4217:USD")
UNITS = Instrument(
    InstrumentId("binance:ZZ3LUSD"),
    "binance",
    "ZZ3LUSD",
    InstrumentKind.SPOT,
    AssetId("binance:zz3l"),
    USD,
    USD,
    D(1),
)


class Venue(BinanceConnector):
    """A venue that shows one book, and counts who looks."""

    def __init__(self) -> None:
        self.looks = 0
        self.silent = False
        self.is_whole = True
        self.meanwhile = lambda: None
        self.bids = ((D(72), D(5)), (D(71), D(100)))
        self.asks = ((D(73), D(4)), (D(80), D(100)))

    async def book(self, api, instrument):
        assert instrument == UNITS
        self.looks += 1
        self.meanwhile()
        if self.silent:
            raise VenueUnavailableError("Binance did not answer.")
        body = b"the book as told"
        sha256 = Sha256(sha256_hex(body))
        now = api.now()
        request = Request("GET", "https://venue.test/api/v3/depth", ())
        meta = Evidence(sha256, len(body), "binance", "1", "spot.depth/1", "", request, now, now, 200)
        await api.keep(Payload(meta, body))
        return OrderBook(now, self.bids, self.asks, self.is_whole, sha256)


@pytest.fixture
def venue(monkeypatch):
    shown = Venue()
    monkeypatch.setattr(market, "installed", lambda name: shown if name == "binance" else None)
    return shown


@pytest.fixture
def house(fund, venue):
    """A running product at a NAV of 72.31…, its units traded at the venue."""
    state_instrument(fund.installation, fund.tenant)
    with fund.installation.house.database.transaction(fund.tenant) as session:
        definitions.put(
            session, Kind.INSTRUMENT, UNITS.id, UNITS, by="venue", at=fund.installation.clock.now()
        )
    fees = {"maker_fee": "0.0002", "taker_fee": "0.001"}
    _run(fund, disclosed=True, traded_as=UNITS.id, **fees)
    return fund


def _seen(house, **query):
    answer = house.checker.get("/api/v1/product-markets/zz3l", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _why(shown):
    return {one["figure"]: one["why"] for one in shown["missing"]}


def _trade(house, price, *, minutes_ago=1):
    """A last price of the units as a gathering records it."""
    installation = house.installation
    at = installation.clock.now() - timedelta(minutes=minutes_ago)
    told = Quote(UNITS.base, USD, QuoteKind.LAST, D(price))
    with installation.house.database.transaction(house.tenant) as session:
        meta = Evidence(
            Sha256(sha256_hex(b"x")),
            1,
            "binance",
            "1",
            "spot.ticker/1",
            "",
            Request("GET", "x", ()),
            at,
            at,
            200,
        )
        evidence.put_many(session, installation.house.blobs(house.tenant), [(meta, b"x")])
        fact = Fact("binance", "", f"last@{price}", at, told, meta.sha256)
        Journal(session, installation.house.objects, house.tenant).append([fact], installation.clock.now())


def test_a_market_is_shown_beside_nav(house):
    _trade(house, "74")
    shown = _seen(house)
    nav = D(shown["nav"])
    assert (shown["last"], shown["best_bid"], shown["best_ask"]) == ("74", "72", "73")
    assert D(shown["premium_last"]) == pytest.approx(74 / nav - 1)
    assert D(shown["premium_mid"]) == pytest.approx(D("72.5") / nav - 1)
    assert D(shown["spread"]) == pytest.approx(1 / D("72.5"))
    assert D(shown["bid_depth"]) == 72 * 5 + 71 * 100  # both lie within 2 % of NAV
    assert D(shown["ask_depth"]) == 73 * 4  # 80 does not
    assert D(shown["round_trip_taker"]) == pytest.approx(1 - 72 * D("0.999") / (73 * D("1.001")))
    assert D(shown["holding_fees"]) == pytest.approx(1 - D("0.9997") ** 365)
    assert _why(shown).keys() == {"holding_financing"}


def test_what_is_not_known_is_missing_with_its_reason(house, venue):
    venue.is_whole = False
    venue.asks = ((D(73), D(4)),)
    why = _why(_seen(house, units="5"))
    assert "within 15 minutes" in why["premium_last"]
    assert "best levels only" in why["ask_depth"]
    assert "does not hold so many" in why["round_trip_taker"]


def test_a_last_price_that_is_old_is_not_set_against_nav(house):
    _trade(house, "74", minutes_ago=16)
    assert (_seen(house)["last"], _seen(house)["premium_last"]) == (None, None)


def test_a_venue_that_does_not_answer_is_told_and_not_asked_again_at_once(house, venue):
    venue.silent = True
    for _ in range(3):
        shown = _seen(house)
        assert (shown["best_bid"], _why(shown)["spread"]) == (None, "Binance did not answer.")
    assert venue.looks == 1


def test_while_a_venue_is_asked_no_connection_to_the_database_is_held(house, venue):
    pool, held = house.installation.house.database._engine.pool, []
    venue.meanwhile = lambda: held.append(pool.checkedout())
    _seen(house)
    assert held == [0]
    stranger = house.installation.logged_in(house.installation.tenant(), "eve", "manager")
    assert stranger.get("/api/v1/product-markets/zz3l").status_code == 404


def test_however_many_look_the_venue_is_asked_every_15_seconds_at_most(house, venue):
    visitor = house.installation.client()
    public = f"/api/v1/public/{house.tenant}/products/zz3l/market"
    assert visitor.get(public).json() == _seen(house)
    assert venue.looks == 1
    house.installation.clock.advance(seconds=15)
    _seen(house)
    assert venue.looks == 2


def test_what_holding_costs_does_not_tell_the_public_a_target_that_the_issuer_hides(house):
    financing = {"rate": "0.0001", "at": {"times": ["00:00"]}}
    terms = {**LISTING["product"]["terms"][0], "target_is_published": False, "financing": financing}
    listing = house.maker.get("/api/v1/products/zz3l").json()["body"]
    listing["product"]["terms"] = [terms]
    assert house.maker.put("/api/v1/products/zz3l", json=listing).status_code == 200
    figures = ("holding_fees", "holding_financing", "holding")
    public = house.installation.client().get(f"/api/v1/public/{house.tenant}/products/zz3l/market").json()
    assert [public[one] for one in figures] == [None, None, None]
    assert {_why(public)[one] for one in figures} == {
        "It follows from the target, which the issuer does not publish."
    }
    assert all(D(_seen(house)[one]) > 0 for one in figures)


def test_a_listing_that_changed_is_looked_at_anew_and_its_old_look_forgotten(house, venue):
    _seen(house)
    listing = house.maker.get("/api/v1/products/zz3l").json()["body"]
    assert house.maker.put("/api/v1/products/zz3l", json={**listing, "taker_fee": "0.002"}).status_code == 200
    assert (_seen(house)["taker_fee"], venue.looks) == ("0.002", 2)
    assert len(house.installation.app.state.looks._kept) == 1


def test_the_book_is_kept_as_evidence(house):
    _seen(house)
    sha256, installation = Sha256(sha256_hex(b"the book as told")), house.installation.house
    with installation.database.transaction(house.tenant) as session:
        assert [one.endpoint for one in evidence.meta(session, sha256)] == ["spot.depth/1"]
        assert evidence.read(session, installation.blobs(house.tenant), sha256) == b"the book as told"


def test_a_listing_without_a_market_or_fees_says_so(fund, venue):
    state_instrument(fund.installation, fund.tenant)
    _run(fund)
    shown = _seen(fund)
    assert set(_why(shown).values()) == {
        "The listing does not say where its units are traded.",
        "The listing does not state the maker fee.",
        "The listing does not state the taker fee.",
        "The rules follow published financing rates, and what these will be is not known.",
    }
    assert venue.looks == 0


@pytest.mark.parametrize("units", ["0", "-1", "NaN", "x"])
def test_a_holder_of_nothing_is_refused(house, units):
    assert house.checker.get("/api/v1/product-markets/zz3l", params={"units": units}).status_code == 422

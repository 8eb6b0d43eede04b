"""Products that are run here, over HTTP: listed whole, or refused with what is wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest

from .conftest import LISTING, PERPETUAL, state_instrument
from .running import run_product


@pytest.fixture
def house(fund):
    state_instrument(fund.installation, fund.tenant)
    return fund


def _changed(path, value):
    """The listing with one value changed, deep inside where the path says so."""
    first, *rest = path
    if not rest:
        return {**LISTING, first: value}
    product = {**LISTING["product"], rest[0]: value}
    if len(rest) > 1:
        product["terms"] = [{**LISTING["product"]["terms"][0], rest[1]: value}]
    return {**LISTING, "product": product}


def test_a_product_is_listed_read_and_ended(house):
    written = house.maker.put("/api/v1/products/zz3l", json=LISTING)
    assert written.status_code == 200, written.text
    body = house.checker.get("/api/v1/products/zz3l").json()["body"]
    assert body["product"]["terms"][0]["trigger"]["above"] == "4"
    assert house.maker.put("/api/v1/products/zz3l", json=body).json()["body"] == body
    assert house.maker.delete("/api/v1/products/zz3l").status_code == 204
    assert house.maker.get("/api/v1/products").json()["items"] == []


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("node",), "nowhere", "nowhere"),
        (("instrument",), "x:other", "instrument master"),
        (("hedge_account",), "nobody", "There is no account"),
        (("hedge_account",), "desk", "where x:yy-perp is not traded"),
        (("opening_nav",), "0", "above 0"),
        (("opening_units",), "1" + "0" * 40, "below 1e+30"),
        (("tick",), "-0.01", "above 0"),
        (("automatic_up_to",), "-1", "cannot be below 0"),
        (("traded_as",), PERPETUAL, "no spot market"),
        (("taker_fee",), "1", "between -1 and 1"),
        (("opened_at",), "2025-12-31T00:00:00Z", "No rules of ZZ3L hold"),
        (("product", "terms", "target"), "0", "no exposure"),
        (("product", "terms", "trigger"), {"above": "2"}, "not above the target"),
        (("product", "terms", "exposure"), "inverse", "no inverse perpetual"),
    ],
)
def test_a_product_that_cannot_be_run_is_refused_with_the_reason(house, path, value, told):
    answer = house.maker.put("/api/v1/products/zz3l", json=_changed(path, value))
    assert answer.status_code == 422
    assert told in answer.json()["detail"]


def test_who_makes_no_products_reads_them_only(house):
    assert house.checker.put("/api/v1/products/zz3l", json=LISTING).status_code == 403
    house.maker.put("/api/v1/products/zz3l", json=LISTING)
    assert [one["id"] for one in house.checker.get("/api/v1/products").json()["items"]] == ["zz3l"]


PRICES = ("100", "101", "104", "90", "92.5")
"""Marks a minute apart: the schedule falls due at the third, the trigger fires at the fourth."""


def _run(house, **changed):
    return run_product(house, PRICES, **changed)


def test_a_running_product_is_seen_with_its_events_and_where_it_will_be_rebalanced(house):
    assert house.maker.put("/api/v1/products/zz3l", json=LISTING).status_code == 200
    assert house.checker.get("/api/v1/product-states").json()["items"][0]["standing"] == "waiting"
    assert house.checker.get("/api/v1/product-states/zz3l").status_code == 409
    _run(house)
    row = house.checker.get("/api/v1/product-states").json()["items"][0]
    assert (row["standing"], row["price"], row["units"]) == ("running", "92.5", "1000")
    shown = house.checker.get("/api/v1/product-states/zz3l").json()
    assert [one["kind"] for one in shown["rebalances"]] == ["scheduled", "triggered"]
    assert [one["nav"] for one in shown["navs"]] == ["111.9664"]
    assert Decimal(shown["rebalances_at_or_below"]) == pytest.approx(Decimal(80), abs=Decimal("1e-9"))
    assert shown["nav"] == row["nav"]
    assert Decimal(row["net_assets"]) == pytest.approx(Decimal(row["nav"]) * 1000, abs=Decimal("1e-14"))


def test_the_series_goes_through_every_event_and_ends_at_the_last_mark(house):
    _run(house)
    span = {"since": "2026-01-29T23:59:00Z", "until": "2026-01-30T00:10:00Z"}
    series = house.checker.get("/api/v1/product-series/zz3l", params=span).json()
    assert [one["price"] for one in series] == list(PRICES)
    assert [one["nav"] for one in series[:3]] == ["100", "103", "111.9664"]
    assert float(series[1]["leverage"]) == pytest.approx(303 / 103)
    assert float(series[3]["leverage"]) == pytest.approx(3)
    assert series[-1]["nav"] == house.checker.get("/api/v1/product-states/zz3l").json()["nav"]
    thin = house.checker.get("/api/v1/product-series/zz3l", params={**span, "most": 2}).json()
    assert [one["price"] for one in thin] == [PRICES[0], PRICES[-1]]
    wrong = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    assert house.checker.get("/api/v1/product-series/zz3l", params=wrong).status_code == 422


def test_the_public_sees_what_is_disclosed_and_nothing_else(house):
    visitor = house.installation.client()
    page = f"/api/v1/public/{house.tenant}/products/zz3l"
    _run(house)
    assert visitor.get(page).status_code == 404
    body = {**LISTING, "disclosed": True}
    assert house.maker.put("/api/v1/products/zz3l", json=body).status_code == 200
    shown = visitor.get(page)
    assert shown.status_code == 200
    assert shown.json() == house.checker.get("/api/v1/product-states/zz3l").json()
    table = visitor.get(f"{page}/rebalances.csv")
    assert table.text.splitlines()[0].startswith("at,kind,price")
    assert len(table.text.splitlines()) == 3
    assert visitor.get(f"{page}/holders.csv").status_code == 404
    assert visitor.get("/api/v1/public/nobody/products/zz3l").status_code == 404
    assert visitor.get(f"/api/v1/public/{house.tenant}/products/other").status_code == 404
    admin = house.installation.logged_in(house.tenant, "ada", "administrator")
    assert admin.put("/api/v1/modules", json={"switches": {"etp": False}}).status_code == 200
    assert visitor.get(page).status_code == 404


def test_a_bundle_is_given_only_where_its_evidence_leads_to_the_product(house):
    page = "/api/v1/product-bundles/zz3l"
    assert house.maker.put("/api/v1/products/zz3l", json=LISTING).status_code == 200
    assert house.checker.get(page).status_code == 409  # it has not opened yet
    _run(house)
    refused = house.checker.get(page)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:truenav:problem:not-provable")
    assert "payloads/" + "a" * 64 in refused.json()["detail"]  # these marks were stated by nothing
    assert house.checker.get("/api/v1/product-bundles/other").status_code == 404
    assert house.maker.delete("/api/v1/products/zz3l").status_code == 204
    ended = house.checker.get(page)  # it is proven for its whole life, or refused for the same reason
    assert (ended.status_code, ended.json()["detail"]) == (409, refused.json()["detail"])
    assert house.checker.get("/api/v1/product-states/zz3l").status_code == 404


def test_what_is_wanted_of_a_product_waits_for_another_person_and_can_be_withdrawn(house):
    _run(house)
    create = {"is": "create", "participant": "maker-one", "units": "5"}
    asked = house.maker.post("/api/v1/product-instructions", json={"listing": "zz3l", "wish": create})
    assert (asked.status_code, asked.json()["state"]) == (201, "requested")
    id = asked.json()["id"]
    assert house.maker.post(f"/api/v1/product-instructions/{id}/approve").status_code == 403
    approved = house.checker.post(f"/api/v1/product-instructions/{id}/approve")
    assert (approved.status_code, approved.json()["approved_by"]) == (200, "fay")
    assert house.checker.post(f"/api/v1/product-instructions/{id}/approve").status_code == 409
    path = f"/api/v1/product-instructions/{id}/withdraw"
    assert house.maker.post(path, json={"why": "too early"}).json()["outcome"] == "too early"
    assert house.maker.post(path, json={"why": "again"}).status_code == 409
    (listed,) = house.checker.get("/api/v1/product-instructions", params={"listing": "zz3l"}).json()["items"]
    assert (listed["id"], listed["state"], listed["dealt"]) == (id, "withdrawn", None)
    assert house.checker.post("/api/v1/product-instructions/none/approve").status_code == 404


def test_who_deals_and_who_decides_have_doors_of_their_own(house):
    _run(house)
    halt = {"listing": "zz3l", "wish": {"is": "halt", "halted": True, "why": "x"}}
    decision = {"listing": "zz3l", "wish": {"is": "approve", "number": 1}}
    assert house.checker.post("/api/v1/product-instructions", json=halt).status_code == 403
    assert house.checker.post("/api/v1/product-decisions", json=decision).status_code == 201
    assert house.maker.post("/api/v1/product-instructions", json=decision).status_code == 422
    assert house.maker.post("/api/v1/product-decisions", json=halt).status_code == 422
    unknown = {**halt, "listing": "nothing"}
    assert house.maker.post("/api/v1/product-instructions", json=unknown).status_code == 404


def test_a_product_that_is_its_model_has_no_hedge(house):
    assert house.maker.put("/api/v1/products/zz3l", json=LISTING).status_code == 200
    assert house.checker.get("/api/v1/product-hedges/zz3l").status_code == 409
    _run(house)
    shown = house.checker.get("/api/v1/product-hedges/zz3l").json()
    assert (shown["is_hedged"], shown["difference"], shown["proposal"]) == (False, None, None)

"""Products that are run here, over HTTP: listed whole, or refused with what is wrong."""

from __future__ import annotations

import pytest

from .conftest import LISTING, state_instrument


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
        (("tick",), "-0.01", "above 0"),
        (("automatic_up_to",), "-1", "cannot be below 0"),
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

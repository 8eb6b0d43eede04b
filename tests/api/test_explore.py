"""The pivot: rows as Arrow, their changes as they happen, and views that are saved and shared."""

import io
import json

import anyio
import polars as pl
import pytest

from truenav.access.masking import MASKED
from truenav.app.explore.endpoints import _follow
from truenav.app.explore.rows import COLUMNS
from truenav.app.http.login import Caller

VIEW = {"page": "explore", "name": "By venue", "body": {"group_by": ["venue"]}, "shared": False}


def _rows(client):
    answer = client.get("/api/v1/explore/alpha/rows")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert answer.headers["x-truenav-figures"] == "display"
    return pl.read_ipc_stream(io.BytesIO(answer.content))


def test_every_line_is_a_row_with_what_a_pivot_needs(fund):
    frame = _rows(fund.maker)
    assert tuple(frame.columns) == COLUMNS
    assert frame["value"].sum() == 1_000_001.5
    (bitcoin,) = frame.filter(pl.col("asset") == "BTC").to_dicts()
    assert bitcoin["fund"] == "Alpha"
    assert bitcoin["strategy"] == "Carry"
    assert (bitcoin["venue"], bitcoin["product"], bitcoin["side"]) == ("bank", "spot", "long")
    assert (bitcoin["quantity"], bitcoin["price"], bitcoin["exposure"]) == (10.0, 75000.125, 750001.25)
    assert bitcoin["funding"] is None


def test_a_masked_role_does_not_see_strategies(fund):
    clerk = fund.installation.logged_in(fund.tenant, "clerk", "finance")
    assert set(_rows(clerk)["strategy"]) == {MASKED}


@pytest.mark.parametrize("path", ["nobody/rows", "nobody/changes"])
def test_a_fund_that_does_not_exist_is_404(fund, path):
    assert fund.maker.get(f"/api/v1/explore/{path}").status_code == 404


def test_views_are_ones_own_until_they_are_shared(fund):
    made = fund.maker.post("/api/v1/views", json=VIEW)
    assert made.status_code == 201, made.text
    link = made.headers["location"]
    assert fund.checker.get(link).status_code == 404
    assert fund.checker.get("/api/v1/views").json() == []
    change = {"name": "Venues", "body": {"group_by": ["venue", "asset"]}, "shared": True, "version": 1}
    assert fund.maker.put(link, json=change).json()["version"] == 2
    seen = fund.checker.get(link).json()
    assert (seen["mine"], seen["name"], seen["body"]) == (False, "Venues", change["body"])
    assert fund.checker.put(link, json={**change, "version": 2}).status_code == 404
    assert fund.checker.delete(link).status_code == 404
    assert fund.maker.delete(link).status_code == 204
    assert fund.checker.get(link).status_code == 404


def test_of_two_changes_to_a_view_the_second_is_told(fund):
    link = fund.maker.post("/api/v1/views", json=VIEW).headers["location"]
    change = {"name": "A", "body": {}, "shared": False, "version": 1}
    assert fund.maker.put(link, json=change).status_code == 200
    assert fund.maker.put(link, json=change).status_code == 412


def test_another_tenants_views_do_not_exist(fund, installation):
    link = fund.maker.post("/api/v1/views", json={**VIEW, "shared": True}).headers["location"]
    stranger = installation.logged_in(installation.tenant(), "stranger", "manager")
    assert stranger.get(link).status_code == 404
    assert stranger.get("/api/v1/views").json() == []


def test_a_view_has_a_size_limit_and_a_known_form(fund):
    assert fund.maker.post("/api/v1/views", json={**VIEW, "body": {"x": "y" * 70_000}}).status_code == 422
    assert fund.maker.post("/api/v1/views", json={**VIEW, "page": "../x"}).status_code == 422
    assert fund.maker.post("/api/v1/views", json={**VIEW, "body": []}).status_code == 422
    deep = json.loads("[" * 90 + "]" * 90)
    assert fund.maker.post("/api/v1/views", json={**VIEW, "body": {"x": deep}}).status_code in (400, 422)


def test_a_new_mark_reaches_an_open_pivot_as_soon_as_it_is_recorded(fund):
    installation = fund.installation
    token = fund.maker.cookies["truenav_session"]
    caller = Caller(installation.house.access.authenticate(token), token, from_cookie=True)
    state = installation.app.state
    prices = "at,base,quote,price\n2026-01-31T07:59:00Z,BTC,USD,75001.125\n"

    async def follow():
        stream = _follow(state.hub, installation.house, state.views, caller, "alpha")
        told = [await anext(stream)]
        await anyio.to_thread.run_sync(fund.upload, "prices.csv", prices)
        told.append(await anext(stream))
        await stream.aclose()
        return told

    ready, rows = installation.portal.call(follow)
    assert ready.startswith(b"event: ready")
    kind, _, data = rows.decode().partition("\n")
    assert kind == "event: rows"
    (bitcoin,) = json.loads(data.removeprefix("data: "))["rows"]
    assert (bitcoin["asset"], bitcoin["price"], bitcoin["value"]) == ("BTC", 75001.125, 750011.25)
    assert state.hub.streams == 0

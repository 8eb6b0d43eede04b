"""The first page: four answers from one valuation, with unknown never shown as zero."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from truenav.app.overview import live
from truenav.store.roles import Scope, put_scope

LATER = "2026-01-31T08:04:00Z"


def _page(fund, **query):
    for _ in range(50):  # a busy machine may still show the page before, and says so
        answer = fund.maker.get("/api/v1/overview/alpha", params=query)
        assert answer.status_code == 200, answer.text
        if not answer.json()["refreshing"]:
            break
    return answer.json()


def _move_price(fund, price="75001.125", minutes=5, cut=LATER):
    fund.installation.clock.advance(minutes=minutes)
    rows = f"account,as_of,asset,amount\ndesk,{cut},USD,250000.25\ndesk,{cut},BTC,10\n"
    assert fund.upload("balances.csv", rows).status_code == 201
    assert fund.upload("prices.csv", f"at,base,quote,price\n{cut},BTC,USD,{price}\n").status_code == 201


def test_before_the_first_publication_the_change_is_unknown_and_says_why(fund):
    page = _page(fund)
    assert page["worth"]["nav"] == "1000001.5"
    assert page["worth"]["change"] is None
    assert {"field": "change", "reason": "never-published", "detail": "alpha"} in page["worth"]["missing"]
    assert page["worth"]["classes"][0]["nav_per_unit"] == "100.00015"
    assert [one["code"] for one in page["worth"]["others"]] == ["BTC", "ETH"]
    assert page["changed"]["parts"] == []


def test_after_a_publication_the_bridge_sums_exactly_to_the_change(fund):
    run = fund.publish(fund.strike())
    _move_price(fund)
    page = _page(fund)
    assert page["worth"]["published"]["run"] == run["id"]
    assert page["worth"]["published"]["bundle_sha"] == run["bundle_sha"]
    assert page["worth"]["change"] == "10"
    parts = {one["kind"]: Decimal(one["amount"]) for one in page["changed"]["parts"]}
    assert parts["price"] == 10
    assert parts["numeraire"] == 0
    opening, closing = (Decimal(page["changed"][side]) for side in ("opening", "closing"))
    assert opening + sum(parts.values()) == closing == Decimal("1000011.5")


def test_in_another_numeraire_its_own_move_is_a_part_of_the_bridge(fund):
    fund.publish(fund.strike())
    _move_price(fund)
    page = _page(fund, numeraire="BTC")
    parts = {one["kind"]: Decimal(one["amount"]) for one in page["changed"]["parts"]}
    assert parts["numeraire"] < 0 < parts["price"]
    assert Decimal(page["changed"]["opening"]) + sum(parts.values()) == Decimal(page["changed"]["closing"])
    assert page["changed"]["closing"] == page["worth"]["nav"]


def test_the_tree_shows_each_node_with_its_change_and_coverage(fund):
    fund.publish(fund.strike())
    _move_price(fund)
    alpha, carry = _page(fund)["tree"]
    assert (alpha["node"], alpha["depth"], alpha["parent"]) == ("alpha", 0, None)
    assert (carry["node"], carry["depth"], carry["parent"]) == ("carry", 1, "alpha")
    assert alpha["change"] == carry["change"] == "10"
    assert carry["coverage"]["imported"] == "1"
    assert [point["value"] for point in carry["spark"]] == ["1000001.5", "1000011.5"]


def test_exposure_concentration_and_venues(fund):
    page = _page(fund)
    assert page["hurt"]["gross"] == "750001.25"
    assert Decimal(page["hurt"]["leverage"]).quantize(Decimal("0.01")) == Decimal("0.75")
    assert [one["label"] for one in page["hurt"]["by_asset"]] == ["BTC"]
    (site,) = page["sits"]
    assert (site["venue"], site["value"], site["share"]) == ("bank", "1000001.5", "1")
    assert site["margin_used"] is None


def test_what_is_unknown_at_the_start_of_the_day_has_no_intraday_figure(fund):
    row = _page(fund)["tree"][0]
    assert row["intraday"] is None
    assert "not-known-at-start-of-day" in {one["reason"] for one in row["missing"]}


def test_intraday_leaves_out_what_was_brought_in(fund):
    fund.installation.clock.advance(hours=17)  # 2026-02-01 01:00
    assert fund.maker.log_in(f"max@{fund.tenant}.test").status_code == 200
    cut = "2026-02-01T00:30:00Z"
    moved = f"account,as_of,asset,amount\ndesk,{cut},USD,350000.25\ndesk,{cut},BTC,10\n"
    assert fund.upload("balances.csv", moved).status_code == 201
    transfer = (
        "account,wallet,external_id,occurred_at,direction,asset,amount\n"
        "desk,main,t-1,2026-02-01T00:10:00Z,in,USD,100000\n"
    )
    answer = fund.upload("transfers.csv", transfer)
    assert answer.status_code == 201, answer.text
    assert fund.upload("prices.csv", f"at,base,quote,price\n{cut},BTC,USD,75002.125\n").status_code == 201
    row = _page(fund)["tree"][0]
    assert (row["nav"], row["intraday"]) == ("1100021.5", "20")


def test_a_view_that_nobody_looks_at_any_more_is_forgotten(fund, monkeypatch):
    _page(fund)
    views = fund.installation.app.state.views
    monkeypatch.setattr(live, "LOOKED_AT_SECONDS", 0.0)
    _move_price(fund)
    _page(fund)
    assert len(views) == 1


def test_what_commits_while_the_first_view_is_made_is_not_missed_by_who_asks_after_it(fund, monkeypatch):
    reading_ended, may_go_on, value = threading.Event(), threading.Event(), live.value_nav

    def value_nav(inputs):
        reading_ended.set()
        assert may_go_on.wait(30)
        return value(inputs)

    monkeypatch.setattr(live, "value_nav", value_nav)
    with ThreadPoolExecutor() as visitors:
        first = visitors.submit(fund.maker.get, "/api/v1/overview/alpha")
        assert reading_ended.wait(30)
        _move_price(fund, minutes=0, cut="2026-01-31T07:59:00Z")
        second = visitors.submit(fund.checker.get, "/api/v1/overview/alpha")
        with pytest.raises(TimeoutError):
            second.result(0.5)
        may_go_on.set()
        assert first.result().json()["worth"]["nav"] == "1000001.5"
    answer = second.result().json()
    for _ in range(300):  # a newer one was not made at once: the page says that it comes
        if not answer["refreshing"]:
            break
        time.sleep(0.1)
        answer = fund.checker.get("/api/v1/overview/alpha").json()
    assert answer["worth"]["nav"] == "1000011.5"


def test_a_missing_price_is_unknown_and_needs_attention(fund):
    cut = "2026-01-31T07:55:00Z"
    rows = f"account,as_of,asset,amount\ndesk,{cut},USD,250000.25\ndesk,{cut},BTC,10\ndesk,{cut},ETH,3\n"
    assert fund.upload("balances.csv", rows).status_code == 201
    page = _page(fund)
    assert page["worth"]["quality"] == "provisional"
    assert page["unknown"]["lines_unpriced"] == 1
    assert page["unknown"]["reasons"][0]["failure"]["kind"] == "unpriced"
    unpriced = [one for one in page["attention"] if one["key"] == "unpriced"]
    assert unpriced[0]["link"] == "/pricing"
    in_eth = _page(fund, numeraire="ETH")
    assert in_eth["worth"]["nav"] is None
    assert in_eth["tree"][0]["nav"] is None


def test_a_nav_waits_for_the_second_person_and_not_for_its_maker(fund):
    run = fund.strike()
    mine, theirs = (
        client.get("/api/v1/overview/alpha").json()["attention"] for client in (fund.maker, fund.checker)
    )
    assert [(one["key"], one["yours"], one["link"]) for one in mine] == [
        ("run-waits-for-approval", False, f"/nav/{run['id']}")
    ]
    assert [one["yours"] for one in theirs] == [True]


def test_an_unchanged_page_is_not_sent_again_and_a_changed_one_is(fund):
    first = fund.maker.get("/api/v1/overview/alpha")
    again = fund.maker.get("/api/v1/overview/alpha", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    _move_price(fund, minutes=0, cut="2026-01-31T07:59:00Z")
    changed = fund.maker.get("/api/v1/overview/alpha", headers={"If-None-Match": first.headers["etag"]})
    assert changed.status_code == 200
    assert _page(fund)["worth"]["nav"] == "1000011.5"


def test_as_of_an_earlier_instant(fund):
    _move_price(fund)
    assert _page(fund, as_of="2026-01-31T08:00:00Z")["worth"]["nav"] == "1000001.5"
    assert (
        fund.maker.get("/api/v1/overview/alpha", params={"as_of": "2030-01-01T00:00:00Z"}).status_code == 422
    )


def test_as_it_was_known_then(fund):
    then = fund.installation.clock.now().isoformat()
    _move_price(fund)
    assert _page(fund, as_of=LATER)["worth"]["nav"] == "1000011.5"
    assert _page(fund, as_of=LATER, known_at=then)["worth"]["nav"] == "1000001.5"
    assert _page(fund, known_at=then)["as_of"] == then.replace("+00:00", "Z")
    lines = fund.maker.get("/api/v1/overview/alpha/lines", params={"as_of": LATER, "known_at": then}).json()
    assert sum(Decimal(line["value"]) for line in lines["lines"]) == Decimal("1000001.5")


def test_a_history_knows_only_the_navs_of_its_time(fund):
    fund.publish(fund.strike())
    then = fund.installation.clock.now().isoformat()
    _move_price(fund)
    fund.strike()
    history = "/api/v1/overview/alpha/history"
    assert len(fund.maker.get(history).json()["points"]) == 2
    assert len(fund.maker.get(history, params={"known_at": then}).json()["points"]) == 1


@pytest.mark.parametrize("page", ["alpha", "alpha/tree", "alpha/lines", "alpha/history"])
def test_what_nobody_knows_yet_is_refused(fund, page):
    answer = fund.maker.get(f"/api/v1/overview/{page}", params={"known_at": "2030-01-01T00:00:00Z"})
    assert answer.status_code == 422
    assert "future" in answer.json()["detail"]


def test_the_tree_alone_is_the_tree_of_the_page(fund):
    assert fund.maker.get("/api/v1/overview/alpha/tree").json()["tree"] == _page(fund)["tree"]


def test_who_sees_one_strategy_gets_its_figures_and_no_sum_above_it(fund):
    body = {"id": "spot", "name": "Spot", "kind": "strategy", "parent": "alpha"}
    assert fund.maker.put("/api/v1/nodes/spot", json=body).status_code == 200
    limited = fund.installation.logged_in(fund.tenant, "sol", "manager")
    with fund.installation.house.database.transaction(fund.tenant) as session:
        put_scope(session, "sol", Scope(("carry",)))
    assert limited.get("/api/v1/overview/alpha").status_code == 404
    answer = limited.get("/api/v1/overview/alpha/tree")
    assert [row["node"] for row in answer.json()["tree"]] == ["carry"]
    (whole,) = [row for row in _page(fund)["tree"] if row["node"] == "carry"]
    assert answer.json()["tree"] == [whole]
    assert limited.get("/api/v1/overview/alpha/tree", params={"format": "csv"}).text.count("\n") == 2
    with fund.installation.house.database.transaction(fund.tenant) as session:
        put_scope(session, "sol", Scope(("nowhere",)))
    assert limited.get("/api/v1/overview/alpha/tree").status_code == 404


@pytest.mark.parametrize(("path", "status"), [("nobody", 404), ("carry", 422), ("alpha?numeraire=XXX", 422)])
def test_what_is_no_fund_or_numeraire_is_refused(fund, path, status):
    assert fund.maker.get(f"/api/v1/overview/{path}").status_code == status


def test_the_history_has_published_provisional_and_imported_navs(fund):
    imported = (
        "fund,share_class,as_of,nav,units,currency\n"
        "alpha,alpha-a,2026-01-29T08:00:00Z,1100000,10000,USD\n"
        "alpha,alpha-a,2026-01-30T08:00:00Z,1050000,10000,USD\n"
    )
    answer = fund.upload("nav.csv", imported)
    assert answer.status_code == 201, answer.text
    published = fund.publish(fund.strike())
    _move_price(fund)
    provisional = fund.strike()
    history = fund.maker.get("/api/v1/overview/alpha/history").json()
    assert [one["kind"] for one in history["points"]] == ["imported", "imported", "published", "provisional"]
    assert [one["run"] for one in history["points"][2:]] == [published["id"], provisional["id"]]
    assert [one["per_unit"] for one in history["points"]] == ["110", "105", "100.00015", "100.00115"]
    assert history["basis"] == "per_unit"
    assert history["points"][0]["drawdown"] == "0"
    assert Decimal(history["worst_drawdown"]).quantize(Decimal("0.0001")) == Decimal("-0.0909")
    later = fund.maker.get("/api/v1/overview/alpha/history", params={"from": "2026-01-30T08:00:00Z"})
    assert len(later.json()["points"]) == 2
    in_ether = fund.maker.get("/api/v1/overview/alpha/history", params={"numeraire": "ETH"}).json()
    assert {one["nav"] for one in in_ether["points"]} == {None}

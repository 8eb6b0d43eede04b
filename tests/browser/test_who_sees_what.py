"""What a role does not see is on no page, in no export and behind no address: not for the curious either."""

from __future__ import annotations

import io

import openpyxl
import pytest
from tests.browser.conftest import page_addresses, settled

pytestmark = pytest.mark.timeout(600)

INA = ("ina@demo.example", "pewter-lagoon-sparrow-64")
LEO = ("leo@demo.example", "timber-saffron-glacier-29")
NORTH, OTHERS = "Pension scheme North", ("Stiftung Mitte", "Lindqvist Family Office")
OWN_API = ("/api/v1/me", "/api/v1/holdings", "/api/v1/modules", "/api/v1/me/security", "/api/v1/me/sessions")
FOREIGN_API = (
    "/api/v1/nodes",
    "/api/v1/overview/tide",
    "/api/v1/overview/tide/history",
    "/api/v1/portfolio/tide/lines",
    "/api/v1/explore/tide/rows",
    "/api/v1/nav/runs",
    "/api/v1/connections",
    "/api/v1/accounts",
    "/api/v1/facts",
    "/api/v1/issues",
    "/api/v1/marks",
    "/api/v1/users",
    "/api/v1/audit",
    "/api/v1/tenants",
    "/api/v1/holdings/classes/tide-b/history",
)
ANSWER_OF = "path => fetch(path).then(async answer => [answer.status, await answer.text()])"


def _join(visit, demo, people, person, name, role, scope):
    """Made by the administrator, once in the life of the house."""
    ada = visit()
    ada.log_in(demo.address, *people["ada"])
    if name not in {user["id"] for user in ada.call("GET", "/users").json()["items"]}:
        body = {"id": name, "name": name.title(), "email": person[0], "roles": [role], "password": person[1]}
        ada.call("POST", "/users", body)
        ada.call("PUT", f"/users/{name}/scope", scope)
    visitor = visit()
    visitor.log_in(demo.address, *person)
    return visitor


def test_an_investor_sees_their_own_holdings_and_nothing_else(visit, demo, people):
    ina = _join(visit, demo, people, INA, "ina", "investor", {"nodes": None, "investors": [NORTH]})
    page = ina.page
    page.wait_for_url("**/holdings")  # the overview is not theirs; they begin with what is
    page.get_by_text("Tide A, USD").first.wait_for()
    for foreign in ("Tide B", "Atlas", *OTHERS):
        assert foreign not in page.locator("body").inner_text()
    offered = {
        link.get_attribute("href") for link in page.get_by_role("navigation").get_by_role("link").all()
    }
    assert offered == {"/", "/holdings", "/settings"}
    page.keyboard.press("Control+k")
    actions = page.get_by_role("dialog").get_by_role("button")
    actions.first.wait_for()
    assert {"My holdings", "My account"} == {one.inner_text() for one in actions.all()}

    for address in (*page_addresses(), "/portfolio/atlas", "/nav/any", "/connections/binance-basis"):
        settled(page, demo.address + address)
        if address in ("/", "/holdings", "/account", "/settings"):
            continue
        assert page.get_by_text("Your role does not open this page").count() == 1, address
    assert [path for path in OWN_API if page.evaluate(ANSWER_OF, path)[0] != 200] == []
    open_ = [path for path in FOREIGN_API if page.evaluate(ANSWER_OF, path)[0] not in (403, 404)]
    assert open_ == []


def test_what_a_role_masks_is_on_no_page_and_in_no_export(visit, demo, people):
    max_ = visit()
    max_.log_in(demo.address, *people["max"])
    hidden = _secrets(max_)
    fay = visit(accept_downloads=True)
    fay.log_in(demo.address, *people["fay"])
    run = fay.call("GET", "/nav/runs?fund=tide").json()["items"][0]["id"]
    addresses = [*page_addresses(), "/portfolio/atlas", f"/nav/{run}", "/connections/binance-basis"]
    seen = _seen(fay, demo, addresses)
    assert _holding(hidden, seen) == {}
    assert any("Atlas Directional" in text for text in seen.values())  # the walk did see figures
    assert sum(place.endswith(("csv", "xlsx")) for place in seen) > 10


def test_a_manager_of_one_fund_sees_no_other(visit, demo, people):
    leo = _join(visit, demo, people, LEO, "leo", "manager", {"nodes": ["atlas"], "investors": []})
    addresses = [*page_addresses(), "/portfolio/atlas", "/portfolio/keel", "/connections/okx-arbitrage"]
    seen = _seen(leo, demo, addresses)
    foreign = ("Keel Arbitrage", "Meridian", "Vega Volatility", "Cash and carry", "sma-arb", "sma-vol")
    assert _holding(foreign, seen) == {}
    assert any("Directional perpetuals" in text for text in seen.values())


def _secrets(max_):
    """Names and ids of strategies, addresses of venues, hashes of transfers: as who sees them sees them."""
    nodes = [node["body"] for node in max_.call("GET", "/nodes?limit=500").json()["items"]]
    below = [node for node in nodes if node["kind"] == "strategy"]
    connections = [one["body"]["base_url"] for one in max_.call("GET", "/connections").json()["items"]]
    facts = [fact["body"] for fact in max_.call("GET", "/facts?kind=transfer&limit=200").json()["items"]]
    transfers = [fact["txid"] for fact in facts if fact.get("txid")]
    names = [
        node["name"] for node in below if node["name"] != "Treasury"
    ]  # also the name of a wallet's account
    found = {*names, *(node["id"] for node in below), *connections, *transfers}
    assert len(found) > 30
    return sorted(found)


def _holding(names, seen):
    """Where what should not be seen is seen."""
    return {place: found for place, text in seen.items() if (found := [one for one in names if one in text])}


def _seen(visitor, demo, addresses):
    """The text of every page and of every file that its export menus offer."""
    page, seen = visitor.page, {}
    for address in addresses:
        settled(page, demo.address + address)
        seen[address] = page.locator("body").inner_text()
        files = set()
        for menu in page.get_by_role("button", name="Export", exact=True).all():
            menu.click()
            items = page.get_by_role("menuitem")
            items.first.wait_for()
            files |= {item.get_attribute("href") for item in items.all()} - {None}
            page.keyboard.press("Escape")
            items.first.wait_for(state="detached")
        for file in files:
            answer = visitor.context.request.get(demo.address + file)
            assert answer.ok or answer.status == 403, file
            kind = "xlsx" if answer.body().startswith(b"PK") else "csv"
            seen[f"{address} {file} {kind}"] = _text(answer.body())
    return seen


def _text(body):
    if not body.startswith(b"PK"):
        return body.decode()
    book = openpyxl.load_workbook(io.BytesIO(body), read_only=True)
    return "\n".join(
        str(value) for sheet in book for row in sheet.values for value in row if value is not None
    )

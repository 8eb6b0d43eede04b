"""What everybody may ask of a disclosed product: cheap, kept for a while, and not without end."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from truenav.app.etp import reading
from truenav.app.etp.public import PublicAnswers
from truenav.app.http.load import Load
from truenav.calc.etp.engine.adjustments import UnitChange
from truenav.calc.etp.engine.calendar import instant_of
from truenav.calc.etp.live.deeds import Changed
from truenav.calc.etp.live.units import unit_plan
from truenav.core.facts import Fact, Quote, QuoteKind
from truenav.core.ids import Sha256
from truenav.core.money import AssetId
from truenav.store import products
from truenav.store.tenants import suspend_tenant

from .conftest import LISTING, PERPETUAL, state_instrument
from .test_products import _run


@pytest.fixture
def house(fund):
    state_instrument(fund.installation, fund.tenant)
    fund.running = _run(fund, disclosed=True)
    return fund


def _address(house, rest=""):
    return f"/api/v1/public/{house.tenant}/products/zz3l{rest}"


@pytest.mark.parametrize("rest", ["", "/navs.csv", "/risk-note"])
def test_who_has_the_answer_already_is_told_so(house, rest):
    visitor = house.installation.client()
    first = visitor.get(_address(house, rest))
    assert (first.status_code, first.headers["cache-control"]) == (200, "public, max-age=5")
    again = visitor.get(_address(house, rest), headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["cache-control"] == first.headers["cache-control"]
    other = visitor.get(_address(house, rest), headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_an_answer_is_made_once_a_chapter_however_often_it_is_asked(house, monkeypatch):
    made = []
    disclosed = reading.disclosed
    monkeypatch.setattr(reading, "disclosed", lambda *given: made.append(given) or disclosed(*given))
    visitor = house.installation.client()
    bodies = {visitor.get(_address(house)).content for _ in range(3)}
    assert (len(bodies), len(made)) == (1, 1)
    listing = {**LISTING, "disclosed": True, "tick": "0.5"}
    assert house.maker.put("/api/v1/products/zz3l", json=listing).status_code == 200
    visitor.get(_address(house))
    assert len(made) == 2


def test_what_is_kept_of_answers_has_a_bound():
    answers = PublicAnswers(most=2)
    for name in ("a", "b", "c"):
        answers.get(name, 1, name.encode)
    assert answers.get("c", 1, lambda: b"anew") == b"c"
    assert answers.get("a", 1, lambda: b"anew") == b"anew"


def test_who_asks_without_end_is_told_to_wait(house):
    house.installation.app.state.load = Load(a_second=1, at_a_stroke=3)
    visitor = house.installation.client()
    codes = [visitor.get(_address(house, "/risk-note")).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    assert visitor.get("/healthz").status_code == 200


def test_a_note_on_risks_speaks_the_language_that_is_asked_for(house):
    visitor = house.installation.client()
    english, chinese = (
        visitor.get(_address(house, "/risk-note"), params={"language": one}).json() for one in ("en", "zh")
    )
    assert len(english) == len(chinese) > 3
    assert "ZZ3L" in english[0]
    assert english != chinese
    assert visitor.get(_address(house, "/risk-note"), params={"language": "fr"}).status_code == 422


def test_a_note_does_not_tell_a_target_that_the_issuer_hides(house):
    terms = {**LISTING["product"]["terms"][0], "target_is_published": False}
    listing = {**LISTING, "disclosed": True, "product": {**LISTING["product"], "terms": [terms]}}
    assert house.maker.put("/api/v1/products/zz3l", json=listing).status_code == 200
    assert house.installation.client().get(_address(house, "/risk-note")).json() == []


def test_a_suspended_tenant_discloses_nothing(house):
    with house.installation.house.database.transaction(house.tenant) as session:
        suspend_tenant(session, at=house.installation.clock.now())
    assert house.installation.client().get(_address(house)).status_code == 404


def test_a_product_that_has_not_opened_is_not_disclosed_yet(house):
    listing = {**LISTING, "id": "later", "disclosed": True}
    listing["opened_at"] = (house.installation.clock.now() + timedelta(days=1)).isoformat()
    assert house.maker.put("/api/v1/products/later", json=listing).status_code == 200
    visitor = house.installation.client()
    assert visitor.get(f"/api/v1/public/{house.tenant}/products/later").status_code == 404


def test_a_series_over_a_share_merge_is_told_as_it_was_and_as_of_present_units(house):
    running, live = house.running, house.running.live
    plan = unit_plan(live, UnitChange(10, 1), {"a": live.units})
    at = instant_of(live.mark.at)
    running.act("m1", Changed(plan), by="max", at=at + timedelta(seconds=1))
    mark = Quote(PERPETUAL, AssetId("iso4217:USD"), QuoteKind.MARK, live.mark.price)
    later = at + timedelta(minutes=1)
    running.see(Fact("x", "", "later", later, mark, Sha256("a" * 64)), at=later)
    with house.installation.house.database.transaction(house.tenant) as session:
        products.append(session, "zz3l", running.chapter())
    before, after = house.installation.client().get(_address(house, "/series?span=week")).json()[-2:]
    assert before["adjusted_nav"] == after["adjusted_nav"] == after["nav"]
    assert abs(Decimal(after["nav"]) - 10 * Decimal(before["nav"])) < Decimal("1e-16")
    shown = house.installation.client().get(_address(house)).json()
    assert shown["changes"] == [{"at": "2026-01-30T00:04:00Z", "old": 10, "new": 1}]
    assert shown["adjustments"] == [{"until": "2026-01-30T00:04:00Z", "factor": "10"}]
    assert Decimal(shown["navs"][0]["adjusted_nav"]) == 10 * Decimal(shown["navs"][0]["nav"])


def test_a_mark_that_was_on_its_way_while_units_were_merged_is_one_of_the_new_units(house):
    running, live = house.running, house.running.live
    plan = unit_plan(live, UnitChange(10, 1), {"a": live.units})
    at = instant_of(live.mark.at)
    running.act("m1", Changed(plan), by="max", at=at + timedelta(seconds=2))
    mark = Quote(PERPETUAL, AssetId("iso4217:USD"), QuoteKind.MARK, live.mark.price)
    stated, received = at + timedelta(seconds=1), at + timedelta(seconds=3)
    running.see(Fact("x", "", "later", stated, mark, Sha256("a" * 64)), at=received)
    with house.installation.house.database.transaction(house.tenant) as session:
        products.append(session, "zz3l", running.chapter())
    before, after = house.installation.client().get(_address(house, "/series?span=week")).json()[-2:]
    assert before["adjusted_nav"] == after["adjusted_nav"] == after["nav"]


def test_published_navs_are_told_as_they_were_and_in_present_units(house):
    line = house.installation.client().get(_address(house)).json()["navs"][0]
    assert Decimal(line["nav"]) == Decimal(line["adjusted_nav"]) == Decimal("111.9664")

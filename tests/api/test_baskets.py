"""A basket product over HTTP: its list of a day, orders by it, settlement, and what the public reads."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

import pytest

from truenav.app.baskets.due import enqueue_due_lists
from truenav.app.baskets.follower import TenantValues
from truenav.connect.products.creation_lists import read_creation_list, read_disclosure
from truenav.core.asset import BTC, ETH
from truenav.core.canonical import canonical_json, sha256_hex
from truenav.store import baskets

from .conftest import DEFINITIONS

WORKED = json.loads((Path(__file__).parents[1] / "golden" / "etp" / "baskets.json").read_text("utf-8"))[
    "worked"
]
XRP = "xrpl:0/slip44:144"
USD = "iso4217:USD"
SHARE = "index:TRIO"
UNITS = 3

TERMS = {
    "since": "2026-01-01",
    "unit_size": WORKED["unit_size"],
    "cut_off": "07:30",
    "zone": "UTC",
    "constituents": [],
}


class Issuer:
    """A house that runs the worked product: who deals (an operator), and who checks."""

    def __init__(self, fund):
        self.fund, self.clock, self.tenant = fund, fund.installation.clock, fund.tenant
        self.maker, self.checker = fund.maker, fund.checker
        self.desk = fund.installation.logged_in(fund.tenant, "ola", "operator")
        self.ids = {"BTC": BTC, "ETH": ETH, "XRP": XRP}
        asset = {"id": XRP, "symbol": "XRP", "name": "XRP", "kind": "crypto", "decimals": 6}
        self.put("assets/" + XRP, asset)
        self.put("nodes/trio", {"id": "trio", "name": "Trio", "kind": "fund"})
        self.put("accounts/vault", {**DEFINITIONS["accounts/desk"], "id": "vault", "name": "Vault"})
        self.put("rules/vault%230", {**DEFINITIONS["rules/desk%230"], "account": "vault", "node": "trio"})
        self.put("pricing-policies/trio", {**DEFINITIONS["pricing-policies/alpha"], "id": "trio"})
        self.put("participants/maker-one", {"id": "maker-one", "name": "Maker One"})
        self.put("baskets/trio", self.listing())

    def wait_until(self, instant):
        """Let time pass; sessions end over night, so everybody logs in again."""
        self.clock.instant = instant
        for user, client in (("max", self.maker), ("fay", self.checker), ("ola", self.desk)):
            assert client.log_in(f"{user}@{self.tenant}.test").status_code == 200

    def wait_a_day(self):
        self.wait_until(self.clock.instant + timedelta(days=1))

    def put(self, path, body):
        answer = self.maker.put(f"/api/v1/{path}", json=body)
        assert answer.status_code == 200, answer.text

    def listing(self, terms=(), **changed):
        constituents = [
            {"asset": self.ids[one["asset"]], "decimals": one["decimals"]} for one in WORKED["holdings"]
        ]
        product = {
            "id": "trio",
            "name": "Three Assets",
            "share": SHARE,
            "quote": USD,
            "terms": [{**TERMS, "constituents": constituents, **dict(terms)}],
        }
        fees = [{"number": one["accrued_fee"], "asset": self.ids[one["asset"]]} for one in WORKED["holdings"]]
        body = {"id": "trio", "node": "trio", "product": product, "opening_fees": fees}
        return {**body, "opening_shares": WORKED["shares"], **changed}

    def state(self, day, close, *, more=None):
        """Balances and prices nine minutes before eight on a day; ``more`` tokens and money beside."""
        at = f"{day}T07:51:00Z"
        extra = more or {}
        held = {self.ids[one["asset"]]: Decimal(one["quantity"]) for one in WORKED["holdings"]}
        held[self.ids["BTC"]] -= Decimal("0.01")  # the expenses of the worked case, paid already
        held[USD] = Decimal(WORKED["cash"])
        rows = [f"vault,{at},{asset},{number + extra.get(asset, 0)}" for asset, number in held.items()]
        quoted = [f"{at},{self.ids[one['asset']]},USD,{one[close]}" for one in WORKED["holdings"]]
        for name, head, lines in (
            ("balances", "account,as_of,asset,amount", rows),
            ("prices", "at,base,quote,price", quoted),
        ):
            sent = self.fund.upload(f"{name}-{day}.csv", "\n".join([head, *lines, ""]))
            assert sent.status_code == 201, sent.text

    def made(self, **body):
        answer = self.desk.post("/api/v1/basket-lists/trio", json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def approved(self, made):
        path = f"/api/v1/basket-lists/trio/{made['trade_day']}/approve"
        return self.checker.post(path, json={"document_sha": made["document_sha"]})

    def published(self):
        made = self.made()
        assert self.approved(made).status_code == 200
        answer = self.desk.post(f"/api/v1/basket-lists/trio/{made['trade_day']}/publish")
        assert answer.status_code == 200, answer.text
        return self.desk.get(f"/api/v1/basket-lists/trio/{made['trade_day']}").json()["document"]

    def order(self, client_id="one", side="create", units=UNITS, **more):
        body = {"participant": "maker-one", "client_id": client_id, "side": side, "units": units, **more}
        return self.desk.post("/api/v1/basket-orders/trio", json=body)

    def step(self, number, step, *, by=None, **body):
        return (by or self.desk).post(f"/api/v1/basket-orders/trio/{number}/{step}", json=body)

    def done(self, number, step, *, by=None, **body):
        answer = self.step(number, step, by=by, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def issuer(fund):
    made = Issuer(fund)
    made.state("2026-01-31", "close_before")
    return made


def _priced(issuer, **more):
    """An order that is priced at the close of the golden case, by the list of the day before."""
    issuer.published()
    order = issuer.order(**more).json()
    issuer.done(order["number"], "accept", by=issuer.checker)
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    issuer.published()
    return issuer.done(order["number"], "price")


def _delivered(issuer, number, due):
    for place, amount in enumerate(due):
        issuer.done(number, "deliver", reference=f"tx-{number}-{place}", amount=amount)


def _settled(issuer, client_id, side):
    """An order from its receipt to its settlement, at the closes of the golden case."""
    order = issuer.order(client_id, side).json()
    issuer.done(order["number"], "accept", by=issuer.checker)
    issuer.wait_a_day()
    issuer.state(issuer.clock.instant.date(), "close")
    issuer.published()
    issuer.done(order["number"], "price")
    pending = issuer.done(order["number"], "instruct")
    _delivered(issuer, order["number"], pending["due_in"])
    return issuer.done(order["number"], "settle", by=issuer.checker)


def test_the_list_of_the_worked_case_is_reproduced_from_the_accounts(issuer):
    listed = issuer.published()["listed"]
    assert listed["trade_day"] == "2026-02-01"
    expected = WORKED["list"]
    lines = {line["asset"]: line["quantity"] for line in listed["lines"]}
    assert lines == {asset: expected[name] for name, asset in issuer.ids.items()}
    for figure in ("unit_value", "nav_per_share", "estimated_cash"):
        assert listed[figure] == expected[figure]


def test_an_order_is_created_at_the_close_and_settled_by_a_second_person(issuer):
    first = issuer.published()
    settled = _settled(issuer, "one", "create")
    assert settled["state"] == "settled"
    assert settled["shares"] == UNITS * WORKED["unit_size"]
    owed = {one["asset"]: one["number"] for one in settled["due_in"]}
    assert owed.pop(USD) == "375"
    for name, asset in issuer.ids.items():
        assert Decimal(owed[asset]) == UNITS * Decimal(WORKED["list"][name])
    assert settled["due_out"] == [{"number": str(UNITS * WORKED["unit_size"]), "asset": SHARE}]
    second = issuer.desk.get("/api/v1/basket-lists/trio/2026-02-02").json()["document"]
    assert second["listed"]["previous_cash"] == WORKED["close_of_the_day"]["cash_difference"]
    assert first["listed"]["shares_outstanding"] == WORKED["shares"]
    view = issuer.desk.get("/api/v1/basket-holdings/trio").json()
    assert view["holdings"]["shares_outstanding"] == WORKED["shares"] + UNITS * WORKED["unit_size"]
    kinds = [step["kind"] for step in settled["steps"]]
    assert kinds == [
        "received",
        "validated",
        "accepted",
        "priced",
        "instructed",
        *["delivery_seen"] * 4,
        "settled",
    ]
    told = issuer.fund.installation.logged_in(issuer.tenant, "aud", "auditor").get("/api/v1/audit").json()
    actions = [one["action"] for one in told["items"]]
    assert "basket.order_settled" in actions
    assert "basket.list_published" in actions


def test_what_arrived_but_is_not_settled_belongs_to_the_participant(issuer):
    priced = _priced(issuer)
    issuer.done(priced["number"], "instruct")
    before = issuer.desk.get("/api/v1/basket-holdings/trio").json()["nav_per_share"]
    _delivered(issuer, priced["number"], priced["due_in"])
    issuer.clock.advance(minutes=10)
    more = {one["asset"]: Decimal(one["number"]) for one in priced["due_in"]}
    at = "2026-02-01T08:10:00Z"
    balances = issuer.desk.get("/api/v1/basket-holdings/trio").json()["holdings"]
    rows = [
        f"vault,{at},{one['asset']},{Decimal(one['quantity']) + more[one['asset']]}"
        for one in balances["assets"]
    ]
    rows.append(f"vault,{at},{USD},{Decimal(WORKED['cash']) + more[USD]}")
    issuer.fund.upload("arrived.csv", "\n".join(["account,as_of,asset,amount", *rows, ""]))
    assert issuer.desk.get("/api/v1/basket-holdings/trio").json()["nav_per_share"] == before
    issuer.done(priced["number"], "settle", by=issuer.checker)
    after = issuer.desk.get("/api/v1/basket-holdings/trio").json()
    assert after["nav_per_share"] == before
    assert after["holdings"]["shares_outstanding"] == WORKED["shares"] + UNITS * WORKED["unit_size"]


def test_a_creation_and_a_redemption_at_the_same_prices_leave_the_value_of_a_share(issuer):
    issuer.published()
    first = _settled(issuer, "one", "create")
    back = issuer.order("two", "redeem").json()
    issuer.done(back["number"], "accept", by=issuer.checker)
    issuer.wait_a_day()
    more = {one["asset"]: Decimal(one["number"]) for one in first["due_in"]}
    issuer.state("2026-02-02", "close", more=more)
    document = issuer.published()
    assert document["close"]["holdings"]["shares_outstanding"] == WORKED["shares"] + 30_000
    priced = issuer.done(back["number"], "price")
    taken = {one["asset"]: Decimal(one["number"]) for one in priced["due_out"]}
    per_share = Decimal(WORKED["close_of_the_day"]["unit_value"]) / WORKED["unit_size"]
    assert abs(Decimal(document["listed"]["nav_per_share"]) - per_share) < Decimal("0.0001")
    for name, asset in issuer.ids.items():
        smallest = next(one["decimals"] for one in WORKED["holdings"] if one["asset"] == name)
        assert abs(taken[asset] - more[asset]) <= UNITS * Decimal(1).scaleb(-min(smallest, 8))
    assert abs(more[USD] - taken[USD]) <= Decimal("0.02")


def test_a_published_list_is_corrected_by_two_people_and_orders_keep_the_one_they_were_accepted_by(issuer):
    first = issuer.published()
    path = "/api/v1/basket-lists/trio/2026-02-01"
    number = issuer.order().json()["number"]
    issuer.done(number, "accept", by=issuer.checker)
    held = {issuer.ids[one["asset"]]: one["quantity"] for one in WORKED["holdings"]}
    held |= {BTC: "400", USD: WORKED["cash"]}
    rows = [f"vault,2026-01-31T08:02:00Z,{asset},{amount}" for asset, amount in held.items()]
    issuer.clock.advance(minutes=5)
    assert (
        issuer.fund.upload("mended.csv", "\n".join(["account,as_of,asset,amount", *rows, ""])).status_code
        == 201
    )
    unsaid = issuer.desk.post("/api/v1/basket-lists/trio", json={})
    assert unsaid.status_code == 409
    assert "say why" in unsaid.json()["detail"]
    made = issuer.checker.post(
        "/api/v1/basket-lists/trio", json={"reason": "The custodian's file was old"}
    ).json()
    assert (made["version"], made["state"], made["reason"]) == (2, "draft", "The custodian's file was old")
    assert issuer.approved(made).status_code == 403  # who made it
    assert issuer.desk.get(path, params={"version": 1}).json()["summary"]["state"] == "published"
    seen = {"document_sha": made["document_sha"]}
    assert issuer.maker.post(f"{path}/approve", json=seen).status_code == 200
    published = issuer.desk.get(path, params={"version": 1}).json()["summary"]
    assert published["state"] == "published"  # until the other one is
    assert issuer.desk.post(f"{path}/publish").json()["state"] == "published"
    assert issuer.desk.get(path, params={"version": 1}).json()["summary"]["state"] == "superseded"
    second = issuer.desk.get(path).json()["document"]
    quantities = [document["listed"]["lines"][0]["quantity"] for document in (first, second)]
    assert quantities[0] != quantities[1]
    files = [issuer.desk.get(f"{path}/list.json", params={"version": one}).json() for one in (1, 2)]
    assert [one["lines"][0]["quantity"] for one in files] == quantities
    later = issuer.order("two").json()["number"]
    issuer.done(later, "accept", by=issuer.checker)
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    issuer.published()
    for order, quantity in ((number, quantities[0]), (later, quantities[1])):
        owed = {one["asset"]: one["number"] for one in issuer.done(order, "price")["due_in"]}
        assert Decimal(owed[BTC]) == UNITS * Decimal(quantity)
    told = issuer.fund.installation.logged_in(issuer.tenant, "aud", "auditor").get("/api/v1/audit").json()
    made = [one["detail"] for one in told["items"] if one["action"] == "basket.list_made"]
    assert any("The custodian's file was old" in one for one in made)


def test_who_made_or_entered_something_does_not_check_it(issuer):
    fay = issuer.checker  # finance and risk: may deal and approve
    made = fay.post("/api/v1/basket-lists/trio", json={}).json()
    refused = issuer.approved(made)
    assert refused.status_code == 403
    assert "second person" in refused.json()["detail"]
    path = f"/api/v1/basket-lists/trio/{made['trade_day']}"
    assert issuer.desk.post(f"{path}/approve", json={"document_sha": made["document_sha"]}).status_code == 403
    assert issuer.maker.post(f"{path}/approve", json={"document_sha": "0" * 64}).status_code == 409
    assert issuer.maker.post(f"{path}/publish").status_code == 403
    assert issuer.desk.post(f"{path}/publish").status_code == 409
    assert (
        issuer.maker.post(f"{path}/approve", json={"document_sha": made["document_sha"]}).status_code == 200
    )
    assert issuer.desk.post(f"{path}/publish").status_code == 200
    body = {"participant": "maker-one", "client_id": "mine", "side": "create", "units": 1}
    own = fay.post("/api/v1/basket-orders/trio", json=body).json()
    assert issuer.step(own["number"], "accept", by=fay).status_code == 403
    assert issuer.step(own["number"], "accept", by=issuer.desk).status_code == 403
    assert issuer.step(own["number"], "accept", by=issuer.maker).status_code == 200


def test_an_order_comes_once_and_its_id_means_one_thing(issuer):
    first = issuer.order().json()
    assert issuer.order().json() == first
    other = issuer.order(units=5)
    assert other.status_code == 409
    assert other.json()["type"].endswith("ap-order-conflict")
    rows = issuer.desk.get("/api/v1/basket-orders/trio").json()
    assert [row["number"] for row in rows] == [first["number"]]


def test_what_may_not_pass_is_rejected_with_every_reason(issuer):
    halted = issuer.listing(terms={"order_limit": 2}, halted=True)
    issuer.put("baskets/trio", halted)
    body = {"participant": "nobody", "client_id": "x", "side": "create", "units": 3}
    answer = issuer.desk.post("/api/v1/basket-orders/trio", json=body).json()
    assert answer["state"] == "rejected"
    told = " ".join(answer["reasons"])
    assert "halted" in told
    assert "not an authorised participant" in told
    assert "limit for an order is 2" in told


def test_cash_by_choice_is_taken_where_the_terms_allow_it(issuer):
    body = issuer.listing()
    btc = body["product"]["terms"][0]["constituents"][0]
    btc |= {"substitution": "allowed", "creation_premium": "0.01"}
    issuer.put("baskets/trio", body)
    issuer.published()
    refused = issuer.order("no", cash_for=[issuer.ids["ETH"]]).json()
    assert refused["reasons"] == [f"Cash cannot be chosen in place of {ETH}."]
    order = issuer.order("yes", cash_for=[issuer.ids["BTC"]]).json()
    issuer.done(order["number"], "accept", by=issuer.checker)
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    issuer.published()
    owed = {one["asset"]: Decimal(one["number"]) for one in issuer.done(order["number"], "price")["due_in"]}
    cash = UNITS * Decimal(WORKED["list"]["BTC"]) * Decimal(109000) * Decimal("1.01")
    assert BTC not in owed
    assert abs(owed[USD] - cash - 375) < Decimal("0.02")


def test_steps_out_of_turn_are_refused_and_change_nothing(issuer):
    order = issuer.order().json()
    early = issuer.step(order["number"], "accept", by=issuer.checker)
    assert early.status_code == 409
    assert "not published" in early.json()["detail"]
    issuer.published()
    assert issuer.step(order["number"], "price").status_code == 409
    assert issuer.step(order["number"], "settle", by=issuer.checker).status_code == 409
    issuer.done(order["number"], "accept", by=issuer.checker)
    early = issuer.step(order["number"], "price")
    assert early.status_code == 409
    assert "2026-02-02" in early.json()["detail"]
    assert issuer.done(order["number"], "cancel")["state"] == "cancelled"
    assert issuer.step(order["number"], "cancel").status_code == 409
    assert issuer.step(99, "cancel").status_code == 404
    late = issuer.order("late").json()
    issuer.wait_a_day()
    assert "cut-off" in issuer.step(late["number"], "cancel").json()["detail"]


def test_an_order_is_priced_at_a_close_that_nobody_can_refuse_any_more(issuer):
    issuer.published()
    number = issuer.order().json()["number"]
    issuer.done(number, "accept", by=issuer.checker)
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    made = issuer.made()
    assert issuer.approved(made).status_code == 200
    waits = issuer.step(number, "price")
    assert waits.status_code == 409
    assert "publish that first" in waits.json()["detail"]


STEPS = {
    "accept": {},
    "reject": {"reason": "no"},
    "cancel": {},
    "price": {},
    "instruct": {},
    "deliver": {"reference": "tx-0", "amount": {"number": "1", "asset": BTC}},
    "fail-fee": {},
    "buy-in": {"missing": {"number": "1", "asset": BTC}, "cost": "100000", "reference": "trade-0"},
    "settle": {},
    "fail": {"reason": "no"},
    "true-up": {"asset": BTC, "realised": "100000"},
}


def test_no_step_is_taken_from_a_state_that_does_not_allow_it(issuer):
    def refused_but(*allowed):
        before = issuer.desk.get(f"/api/v1/basket-orders/trio/{number}").json()
        for step, body in STEPS.items():
            if step not in allowed:
                answer = issuer.step(number, step, by=issuer.checker, **body)
                assert answer.status_code == 409, (before["state"], step, answer.text)
        assert issuer.desk.get(f"/api/v1/basket-orders/trio/{number}").json() == before

    issuer.published()
    number = issuer.order().json()["number"]
    refused_but("accept", "reject", "cancel")
    issuer.done(number, "accept", by=issuer.checker)
    refused_but("cancel")
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    issuer.published()
    refused_but("price")
    issuer.done(number, "price")
    refused_but("instruct", "deliver")
    due = issuer.done(number, "instruct")["due_in"]
    refused_but("deliver")
    _delivered(issuer, number, due)
    refused_but("deliver", "settle")
    issuer.done(number, "settle", by=issuer.checker)
    refused_but()
    for last, body in (("cancel", {}), ("reject", {"reason": "too much"})):
        number = issuer.order(last).json()["number"]
        issuer.done(number, last, by=issuer.checker, **body)
        refused_but()


def test_late_delivery_is_charged_each_day_and_bought_in_by_one_and_settled_by_another(issuer):
    terms = {"fail": {"rate": "0.001", "buy_in_after_days": 1}}
    issuer.put("baskets/trio", issuer.listing(terms=terms))
    number = _priced(issuer)["number"]
    *rest, btc = sorted(issuer.done(number, "instruct")["due_in"], key=lambda one: one["asset"] == BTC)
    _delivered(issuer, number, rest)
    assert "Nothing of this order is late" in issuer.step(number, "fail-fee").json()["detail"]
    issuer.wait_until(datetime(2026, 2, 2, 7, 45, tzinfo=UTC))
    worth = Decimal(btc["number"]) * Decimal(109000)
    first = (worth / 1000).quantize(Decimal("0.01"), ROUND_CEILING)
    late = issuer.done(number, "fail-fee")
    assert late["late_days"] == 1
    assert issuer.done(number, "fail-fee") == late  # once a day
    owed = {one["asset"]: Decimal(one["number"]) for one in late["missing"]}
    assert owed == {BTC: Decimal(btc["number"]), USD: first}
    assert issuer.step(number, "settle", by=issuer.checker).status_code == 409
    trade = {"missing": btc, "cost": "1300000", "reference": "trade-1"}
    early = issuer.step(number, "buy-in", by=issuer.checker, **trade)
    assert early.status_code == 409
    assert "1 days after it was due" in early.json()["detail"]
    issuer.wait_until(datetime(2026, 2, 3, 7, 45, tzinfo=UTC))
    second = ((worth + first) / 1000).quantize(Decimal("0.01"), ROUND_CEILING)
    assert issuer.done(number, "fail-fee")["late_days"] == 2
    more = {**btc, "number": str(Decimal(btc["number"]) + 1)}
    assert issuer.step(number, "buy-in", **{**trade, "missing": more}).status_code == 409
    assert issuer.step(number, "buy-in", **{**trade, "cost": "-5"}).status_code == 422
    bought = issuer.done(number, "buy-in", by=issuer.checker, **trade)
    assert issuer.done(number, "buy-in", by=issuer.checker, **trade) == bought
    (money,) = bought["missing"]
    assert (money["asset"], Decimal(money["number"])) == (USD, first + second + 1_300_000)
    issuer.done(number, "deliver", reference="wire-1", amount=money)
    own = issuer.step(number, "settle", by=issuer.checker)
    assert own.status_code == 403
    assert "second person" in own.json()["detail"]
    settled = issuer.done(number, "settle", by=issuer.maker)
    kinds = [step["kind"] for step in settled["steps"]]
    assert kinds[-5:] == ["fail_fee", "fail_fee", "bought_in", "delivery_seen", "settled"]


def test_cash_that_stood_for_an_asset_is_trued_up_once_against_the_trade(issuer):
    body = issuer.listing()
    body["product"]["terms"][0]["constituents"][0] |= {"substitution": "at_cost", "creation_premium": "0.01"}
    issuer.put("baskets/trio", body)
    priced = _priced(issuer)
    number, (cash,) = priced["number"], priced["substituted"]
    taken = UNITS * Decimal(WORKED["list"]["BTC"]) * Decimal(109000) * Decimal("1.01")
    assert (cash["asset"], Decimal(cash["cash"]), cash["true_up"]) == (BTC, taken, None)
    trade = {"asset": BTC, "realised": "1300000"}
    assert issuer.step(number, "true-up", by=issuer.checker, **trade).status_code == 409
    _delivered(issuer, number, issuer.done(number, "instruct")["due_in"])
    issuer.done(number, "settle", by=issuer.checker)
    assert issuer.step(number, "true-up", **trade).status_code == 403
    for realised in ("0", "-1300000"):
        wrong = issuer.step(number, "true-up", by=issuer.checker, asset=BTC, realised=realised)
        assert wrong.status_code == 422
    done = issuer.done(number, "true-up", by=issuer.checker, **trade)
    back = (1_300_000 - taken).quantize(Decimal("0.01"), ROUND_CEILING)
    assert back < 0  # the trade cost less than was taken
    assert [Decimal(one["true_up"]) for one in done["substituted"]] == [back]
    assert done["state"] == "settled"
    assert issuer.step(number, "true-up", by=issuer.checker, **trade).status_code == 409
    assert issuer.step(number, "true-up", by=issuer.checker, asset=ETH, realised="1").status_code == 409


def test_what_is_typed_by_hand_is_part_of_what_the_order_owes(issuer):
    number = _priced(issuer)["number"]
    for asset in ("BTC", SHARE):
        wrong = {"number": "1", "asset": asset}
        refused = issuer.step(number, "deliver", reference="tx-1", amount=wrong)
        assert refused.status_code == 422
        assert "does not owe" in refused.json()["detail"]


def test_a_transfer_counts_once_and_part_of_a_delivery_is_none(issuer):
    number = _priced(issuer)["number"]
    first = issuer.done(number, "instruct")["due_in"][0]
    seen = issuer.done(number, "deliver", reference="tx-1", amount=first)
    assert issuer.done(number, "deliver", reference="tx-1", amount=first) == seen
    other = {**first, "number": "1"}
    assert issuer.step(number, "deliver", reference="tx-1", amount=other).status_code == 409
    assert issuer.step(number, "deliver", reference="tx-2").status_code == 422
    part = issuer.step(number, "settle", by=issuer.checker)
    assert part.status_code == 409
    assert "still to come" in part.json()["detail"]


def test_a_list_of_what_is_not_known_is_not_made(issuer):
    missing = issuer.listing()
    terms = missing["product"]["terms"][0]
    terms["constituents"] = terms["constituents"][:2]
    issuer.put("baskets/trio", missing)
    refused = issuer.desk.post("/api/v1/basket-lists/trio", json={})
    assert refused.status_code == 409
    assert "the terms do not list it" in refused.json()["detail"]
    issuer.put("baskets/trio", issuer.listing())
    issuer.clock.advance(minutes=30)
    stale = issuer.desk.post("/api/v1/basket-lists/trio", json={})
    assert stale.status_code == 409
    assert "Gather the account again" in stale.json()["detail"]
    made = issuer.made(as_of="2026-01-31T07:55:00Z")
    assert made["unit_value"] == WORKED["list"]["unit_value"]


def test_what_has_no_price_is_named_on_every_day_and_not_only_on_the_first(issuer):
    issuer.published()
    token = {"id": "x:new", "symbol": "NEW", "name": "New", "kind": "crypto", "decimals": 6}
    issuer.put("assets/x:new", token)
    body = issuer.listing()
    (terms,) = body["product"]["terms"]
    more = [*terms["constituents"], {"asset": "x:new", "decimals": 6}]
    body["product"]["terms"].append({**terms, "since": "2026-02-02", "constituents": more})
    issuer.put("baskets/trio", body)
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    held = "account,as_of,asset,amount\nvault,2026-02-01T07:52:00Z,x:new,5\n"
    assert issuer.fund.upload("new.csv", held).status_code == 201
    refused = issuer.desk.post("/api/v1/basket-lists/trio", json={})
    assert refused.status_code == 409, refused.text
    assert "x:new has no price" in refused.json()["detail"]


def test_fees_that_were_paid_before_the_first_list_are_owed_no_more(issuer):
    body = {"amount": {"number": "0.3", "asset": BTC}, "reference": "fee-1"}
    assert issuer.desk.post("/api/v1/basket-fees/trio", json=body).status_code == 204
    assert issuer.desk.post("/api/v1/basket-fees/trio", json=body).status_code == 204  # counts once
    held = issuer.desk.get("/api/v1/basket-holdings/trio").json()["holdings"]["assets"]
    assert [one["accrued_fee"] for one in held if one["asset"] == BTC] == ["0.03824"]
    other = {**body, "amount": {"number": "0.2", "asset": BTC}}
    assert issuer.desk.post("/api/v1/basket-fees/trio", json=other).status_code == 409
    for number, asset in (("1", "BTC"), ("0", BTC), ("-1", BTC)):
        wrong = {"amount": {"number": number, "asset": asset}, "reference": "fee-2"}
        assert issuer.desk.post("/api/v1/basket-fees/trio", json=wrong).status_code == 422


def test_the_sponsors_fee_accrues_in_tokens_and_what_is_paid_is_owed_no_more(issuer):
    issuer.put("baskets/trio", issuer.listing(terms={"expense_rate": "0.025"}))
    issuer.published()
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close_before")
    second = issuer.published()
    btc = next(one for one in second["close"]["holdings"]["assets"] if one["asset"] == issuer.ids["BTC"])
    net = Decimal("493.82715") - Decimal("0.01") - Decimal("0.33824")
    assert abs(Decimal(btc["accrued_fee"]) - Decimal("0.33824") - net * Decimal("0.025") / 365) < Decimal(
        "1e-30"
    )
    body = {"amount": {"number": "0.3", "asset": issuer.ids["BTC"]}, "reference": "fee-1"}
    assert issuer.desk.post("/api/v1/basket-fees/trio", json=body).status_code == 204
    left = issuer.desk.get("/api/v1/basket-holdings/trio").json()["holdings"]["assets"]
    assert any(
        one["asset"] == issuer.ids["BTC"] and Decimal(one["accrued_fee"]) < Decimal(btc["accrued_fee"])
        for one in left
    )


def test_files_of_the_list_are_read_back_equal_and_hash_as_the_order_says(issuer):
    issuer.published()
    path = "/api/v1/basket-lists/trio/2026-02-01"
    files = [issuer.desk.get(f"{path}/list.{form}") for form in ("json", "csv", "xml")]
    lists = {read_creation_list(file.content) for file in files}
    assert len(lists) == 1
    (listed,) = lists
    assert files[0].content == canonical_json(listed)
    told = [read_disclosure(issuer.desk.get(f"{path}/disclosure.{form}").content) for form in ("json", "csv")]
    assert told[0] == told[1]
    assert told[0].day.isoformat() == "2026-01-31"
    assert issuer.desk.get(f"{path}/disclosure.xml").status_code == 422
    order = issuer.order().json()
    issuer.done(order["number"], "accept", by=issuer.checker)
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    issuer.published()
    issuer.done(order["number"], "price")
    with issuer.fund.installation.house.database.transaction(issuer.tenant) as session:
        priced = next(one.fact for one in baskets.journal(session, "trio") if one.fact.TAG == "priced")
    assert priced.list_hash == sha256_hex(files[0].content)


def test_by_what_a_list_stands_is_not_changed_under_it(issuer):
    issuer.published()
    body = issuer.listing()
    for changed in (
        issuer.listing(opening_shares=1),
        issuer.listing(terms={"unit_size": 5_000}),
        {**body, "product": {**body["product"], "share": "index:OTHER"}},
    ):
        refused = issuer.maker.put("/api/v1/baskets/trio", json=changed)
        assert refused.status_code == 422
        assert "stand" in refused.json()["detail"]
    (terms,) = body["product"]["terms"]
    body["product"]["terms"].append({**terms, "since": "2026-02-02", "unit_size": 5_000})
    issuer.put("baskets/trio", {**body, "halted": True})


def test_nothing_stands_behind_two_products(issuer):
    body = issuer.listing(id="duo")
    body["product"] |= {"id": "duo", "share": "index:DUO"}
    refused = issuer.maker.put("/api/v1/baskets/duo", json=body)
    assert refused.status_code == 422
    assert "trio holds what trio holds" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("node",), "nowhere", "nowhere"),
        (("id",), "other", "names"),
        (("opening_shares",), -1, "not negative"),
        (("product", "quote"), "x:nothing", "not among the assets"),
        (("terms", "unit_size"), 0, "at least one share"),
        (("terms", "cut_off"), "25:00", "25:00"),
    ],
)
def test_a_product_that_cannot_be_kept_is_refused_with_the_reason(issuer, path, value, told):
    body = issuer.listing(terms={path[1]: value}) if path[0] == "terms" else issuer.listing()
    if path[0] == "product":
        body["product"][path[1]] = value
    elif path[0] != "terms":
        body[path[0]] = value
    answer = issuer.maker.put("/api/v1/baskets/trio", json=body)
    assert answer.status_code == 422
    assert told in answer.json()["detail"]
    assert issuer.checker.put("/api/v1/baskets/trio", json=issuer.listing()).status_code == 403


def test_a_product_without_dealing_days_hinders_nothing_else(issuer):
    house = issuer.fund.installation.house
    issuer.published()
    body = issuer.listing()
    (terms,) = body["product"]["terms"]
    closed = [str(date(2026, 2, 2) + timedelta(days=day)) for day in range(400)]
    body["product"]["terms"].append({**terms, "since": "2026-02-02", "holidays": closed})
    issuer.put("baskets/trio", body)
    at = datetime(2026, 2, 3, 8, tzinfo=UTC)
    with house.database.transaction(issuer.tenant) as session:
        assert enqueue_due_lists(session, now=at) == ()
    assert TenantValues(house, issuer.tenant).read(at).products == ()


def test_the_close_is_due_once_and_its_job_makes_the_draft(issuer):
    house = issuer.fund.installation.house
    issuer.clock.instant = datetime(2026, 2, 1, 7, 40, tzinfo=UTC)
    with house.database.transaction(issuer.tenant) as session:
        assert enqueue_due_lists(session, now=issuer.clock.now()) == ("trio",)
        assert enqueue_due_lists(session, now=issuer.clock.now()) == ()
    issuer.wait_until(datetime(2026, 2, 1, 7, 55, tzinfo=UTC))
    issuer.state("2026-02-01", "close")
    (job,) = [one for one in issuer.maker.get("/api/v1/jobs").json() if one["kind"] == "basket.list"]
    for _ in range(2):
        issuer.fund.work(job["id"], "basket.list", product="trio")
    (made,) = issuer.desk.get("/api/v1/basket-lists/trio").json()
    assert (made["trade_day"], made["version"], made["made_by"]) == ("2026-02-02", 1, "system")


def test_the_value_through_the_day_follows_the_prices_and_shows_the_premium(issuer):
    issuer.published()
    house = issuer.fund.installation.house
    values = TenantValues(house, issuer.tenant)
    quoted = f"2026-01-31T07:58:00Z,{SHARE},USD,52\n"
    share = {"id": SHARE, "symbol": "TRIO", "name": "Trio", "kind": "index", "decimals": 0}
    issuer.put("assets/" + SHARE, share)
    assert issuer.fund.upload("share.csv", "at,base,quote,price\n" + quoted).status_code == 201
    first = datetime(2026, 1, 31, 7, 58, 15, tzinfo=UTC)
    for number in range(4):
        at = first + 15 * number * timedelta(seconds=1)
        values.value(values.read(at), at)
    points = issuer.desk.get("/api/v1/basket-inav/trio").json()
    assert len(points) == 4
    thin = issuer.desk.get("/api/v1/basket-inav/trio", params={"most": 2}).json()
    assert thin == [points[1], points[3]]
    assert points[-1]["per_share"] == WORKED["list"]["nav_per_share"]
    expected = Decimal(52) / Decimal(WORKED["list"]["nav_per_share"]) - 1
    assert abs(Decimal(points[-1]["premium"]) - expected) < Decimal("0.000001")
    assert points[0]["coverage"] == "0"  # its prices are seven minutes old, a minute is allowed
    price = f"2026-01-31T07:59:20Z,{issuer.ids['BTC']},USD,120000\n"
    assert issuer.fund.upload("btc.csv", "at,base,quote,price\n" + price).status_code == 201
    later = datetime(2026, 1, 31, 7, 59, 30, tzinfo=UTC)
    values.value(values.read(later), later)
    point = issuer.desk.get("/api/v1/basket-inav/trio").json()[-1]
    quantity = Decimal(WORKED["list"]["BTC"])
    gain = quantity * (Decimal(120000) - Decimal("107753.95")) / WORKED["unit_size"]
    assert abs(Decimal(point["per_share"]) - Decimal(WORKED["list"]["nav_per_share"]) - gain) < Decimal(
        "0.0002"
    )
    assert 0 < Decimal(point["coverage"]) < 1
    old = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)  # the share was quoted 92 minutes ago, an hour is allowed
    values.value(values.read(old), old)
    issuer.wait_until(old)
    point = issuer.desk.get("/api/v1/basket-inav/trio").json()[-1]
    assert (point["market_price"], point["premium"], point["coverage"]) == (None, None, "0")


def test_a_streamed_price_of_the_moment_after_the_tick_counts_at_the_tick(issuer):
    issuer.published()
    values = TenantValues(issuer.fund.installation.house, issuer.tenant)
    at = datetime(2026, 1, 31, 7, 59, 30, tzinfo=UTC)
    known = values.read(at)
    values.followed = values.value(known, at, values.streamed(at))
    recorded = next(one for one in known.recorded if one.body.base == issuer.ids["BTC"])
    moment = at + timedelta(milliseconds=300)
    body = replace(recorded.body, price=Decimal(120000))
    values.board.take([replace(recorded, occurred_at=moment, body=body)], at=moment)
    later = at + timedelta(microseconds=1)
    values.value(known, later, values.streamed(later))
    first, second = issuer.desk.get("/api/v1/basket-inav/trio").json()
    gain = Decimal(WORKED["list"]["BTC"]) * (Decimal(120000) - Decimal("107753.95")) / WORKED["unit_size"]
    assert abs(Decimal(second["per_share"]) - Decimal(first["per_share"]) - gain) < Decimal("0.0002")
    assert Decimal(second["coverage"]) > Decimal(first["coverage"]) == 0


def test_a_constituent_without_a_price_leaves_no_value(issuer):
    issuer.published()
    values = TenantValues(issuer.fund.installation.house, issuer.tenant)
    at = datetime(2026, 2, 1, 7, 52, tzinfo=UTC)  # a minute after the quotes are too old to be used at all
    values.value(values.read(at), at)
    issuer.wait_until(at)
    (point,) = issuer.desk.get("/api/v1/basket-inav/trio").json()
    assert (point["per_share"], point["premium"]) == (None, None)


def test_without_a_published_list_there_is_no_value_and_the_series_is_empty(issuer):
    issuer.made()
    values = TenantValues(issuer.fund.installation.house, issuer.tenant)
    at = issuer.clock.now()
    values.value(values.read(at), at)
    assert issuer.desk.get("/api/v1/basket-inav/trio").json() == []
    wrong = {"since": "2026-01-31T00:00:00Z", "until": "2026-01-30T00:00:00Z"}
    assert issuer.desk.get("/api/v1/basket-inav/trio", params=wrong).status_code == 422


def test_tracking_compares_the_closes_with_the_benchmark(issuer):
    issuer.put("baskets/trio", issuer.listing(benchmark="BTC"))
    issuer.published()
    issuer.wait_a_day()
    issuer.state("2026-02-01", "close")
    issuer.published()
    found = issuer.desk.get("/api/v1/basket-tracking/trio").json()
    assert [one["day"] for one in found["closes"]] == ["2026-01-31", "2026-02-01"]
    shares = [Decimal(one["nav_per_share"]) for one in found["closes"]]
    expected = shares[1] / shares[0] - Decimal("109000") / Decimal("107753.95")
    assert abs(Decimal(found["difference"]) - expected) < Decimal("0.000001")
    assert found["error"] is None  # one return has no deviation


def test_the_public_reads_what_is_published_and_disclosed_and_nothing_else(issuer):
    visitor = issuer.fund.installation.client()
    page = f"/api/v1/public/{issuer.tenant}/baskets/trio"
    issuer.published()
    assert visitor.get(page).status_code == 404
    issuer.put("baskets/trio", issuer.listing(disclosed=True))
    shown = visitor.get(page)
    assert shown.status_code == 200, shown.text
    assert shown.json()["listed"]["unit_value"] == WORKED["list"]["unit_value"]
    assert shown.json()["disclosure"]["day"] == "2026-01-31"
    assert shown.json()["symbols"][issuer.ids["BTC"]] == "BTC"
    assert read_creation_list(visitor.get(f"{page}/list.csv").content).unit_size == WORKED["unit_size"]
    assert read_disclosure(visitor.get(f"{page}/disclosure.json").content).product == "trio"
    assert visitor.get(f"{page}/inav").json() == []
    assert shown.json()["inav"] is None
    values = TenantValues(issuer.fund.installation.house, issuer.tenant)
    values.value(values.read(issuer.clock.now()), issuer.clock.now())
    assert visitor.get(page).json()["inav"]["per_share"] == WORKED["list"]["nav_per_share"]
    issuer.clock.advance(seconds=61)
    assert visitor.get(page).json()["inav"] is None  # nobody has computed it for a minute
    assert visitor.get("/api/v1/public/nobody/baskets/trio").status_code == 404
    assert visitor.get(f"/api/v1/public/{issuer.tenant}/baskets/other").status_code == 404
    admin = issuer.fund.installation.logged_in(issuer.tenant, "ada", "administrator")
    assert admin.put("/api/v1/modules", json={"switches": {"baskets": False}}).status_code == 200
    assert visitor.get(page).status_code == 404
    assert issuer.desk.get("/api/v1/basket-lists/trio").status_code == 404

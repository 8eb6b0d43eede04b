"""An export in a form of its own: looked at, mapped, tried, saved, and recognised the next time."""

import json

EXPORT = (
    "When;What;Coin;Amount;Fee\n"
    "05.01.2026 10:00:00;Zufluss;BTC;1,5;\n"
    "06.01.2026 11:30:00;Abfluss;BTC;0,5;0,001\n"
)
LAYOUT = {
    "name": "house-bank",
    "title": "House bank",
    "columns": {
        "time": "When",
        "type": "What",
        "asset": "Coin",
        "amount": "Amount",
        "fee_amount": "Fee",
    },
    "headers": [["When", "What", "Coin", "Amount", "Fee"]],
    "delimiter": ";",
    "decimal": ",",
    "times": {"formats": ["%d.%m.%Y %H:%M:%S"], "zone": "Europe/Zurich"},
    "words": {"Zufluss": "deposit", "Abfluss": "withdrawal"},
    "fee_side": "sent",
}


def _post(fund, path, text=EXPORT, name="statement.csv", data=None, **query):
    files = {"file": (name, text.encode())}
    return fund.maker.post(f"/api/v1/imports{path}", files=files, params=query, data=data)


def test_an_unknown_export_is_shown_column_by_column_and_refused_until_it_is_mapped(fund):
    seen = _post(fund, "/sniff")
    assert seen.status_code == 200, seen.text
    told = seen.json()["sniffed"]
    assert (told["kind"], told["delimiter"], told["columns"]) == ("unknown", ";", LAYOUT["headers"][0])
    assert told["samples"][0] == ["05.01.2026 10:00:00", "Zufluss", "BTC", "1,5", ""]
    assert seen.json()["texts"]["What"] == ["Zufluss", "Abfluss"]
    refused = _post(fund, "/jobs")
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:truenav:problem:unknown-layout")


def test_a_layout_that_is_sent_along_is_tried_saved_and_recognised_the_next_time(fund):
    mapping = {"mapping": json.dumps(LAYOUT)}
    assert "account" in _post(fund, "/check", data=mapping).json()["detail"]
    checked = _post(fund, "/check", data=mapping, account="desk").json()
    assert (checked["template"], checked["rows"], checked["facts"]) == ("house-bank", 2, 2)

    assert fund.maker.put("/api/v1/layouts/house-bank", json=LAYOUT).status_code == 200
    assert {"name": "house-bank", "title": "House bank", "own": True} in fund.maker.get(
        "/api/v1/imports/layouts"
    ).json()
    assert _post(fund, "/sniff").json()["sniffed"]["layout"]["name"] == "house-bank"

    sent = _post(fund, "/jobs", account="desk")
    assert sent.status_code == 202, sent.text
    job = sent.json()["job"]
    assert fund.maker.delete("/api/v1/layouts/house-bank").status_code == 204  # the import holds its own
    fund.work(job, "import.check", task=job)
    accepted = fund.maker.post(f"/api/v1/imports/jobs/{job}/accept").json()["job"]
    fund.work(accepted, "import.run", task=accepted)
    state = fund.maker.get(f"/api/v1/imports/jobs/{job}").json()
    assert state["acceptance"]["kept"]["facts"] == 2
    assert state["given"]["layout"]["title"] == "House bank"
    facts = fund.maker.get("/api/v1/facts", params={"account": "desk", "kind": "transfer"}).json()["items"]
    assert [one["occurred_at"] for one in facts] == ["2026-01-05T09:00:00Z", "2026-01-06T10:30:00Z"]


def test_layouts_that_cannot_be_used_are_refused_with_what_is_wrong(fund):
    def put(**change):
        answer = fund.maker.put("/api/v1/layouts/house-bank", json=LAYOUT | change)
        return answer.status_code, answer.json().get("detail", "")

    assert put(columns={"time": "When"})[0] == 422
    assert put(delimiter="/")[0] == 422
    assert put(title="x\u0000y")[0] in (400, 422)
    assert put(delimiter="\t")[0] == 200
    assert _post(fund, "/check", layout="no-such", account="desk").status_code == 404
    assert _post(fund, "/check", data={"mapping": "{"}, account="desk").status_code == 422

"""The lines below a node: down to the position, with its evidence."""

from decimal import Decimal


def _lines(fund, **query):
    answer = fund.maker.get("/api/v1/overview/alpha/lines", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["lines"]


def test_the_lines_of_a_fund_add_up_to_its_value_and_name_their_evidence(fund):
    lines = _lines(fund)
    assert sum(Decimal(line["value"]) for line in lines) == Decimal("1000001.5")
    assert {line["name"] for line in lines} == {"BTC", "USD"}
    assert {line["venue"] for line in lines} == {"bank"}
    for line in lines:
        assert line["evidence"]
        assert fund.maker.get(f"/api/v1/evidence/{line['evidence'][0]}").status_code == 200


def test_a_node_shows_what_lies_at_it_and_below_it(fund):
    assert _lines(fund, node="carry") == _lines(fund)


def test_in_another_numeraire_the_exact_value_is_divided_once(fund):
    (bitcoin,) = [line for line in _lines(fund, numeraire="BTC") if line["name"] == "BTC"]
    assert bitcoin["value"] == bitcoin["quantity"] == "10"


def test_a_node_or_numeraire_that_does_not_exist_is_refused(fund):
    assert fund.maker.get("/api/v1/overview/alpha/lines", params={"node": "nothing"}).status_code == 404
    assert fund.maker.get("/api/v1/overview/nothing/lines").status_code == 404
    assert fund.maker.get("/api/v1/overview/alpha/lines", params={"numeraire": "XXX"}).status_code == 422


def test_the_lines_can_be_had_as_a_file(fund):
    answer = fund.maker.get("/api/v1/overview/alpha/lines", params={"format": "csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0].lstrip("\ufeff").startswith("node,kind,subject,name")

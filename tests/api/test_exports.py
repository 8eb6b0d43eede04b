"""Every table can be had as a file, from the same list, with the same rights."""

import csv
import io

import openpyxl
import pytest


def _csv(client, path, **query):
    answer = client.get(f"/api/v1/{path}", params={"format": "csv", **query})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    return answer, list(csv.DictReader(io.StringIO(answer.text, newline="")))


@pytest.fixture
def run(fund):
    return fund.strike()


@pytest.mark.parametrize(
    "path",
    [
        "nav/runs",
        "nav/runs/{run}/lines",
        "nav/runs/{run}/reconciliation",
        "portfolio/alpha",
        "overview/alpha",
        "overview/alpha/history",
        "facts",
        "issues",
        "marks?fund=alpha",
        "nodes",
    ],
)
@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_each_table_is_a_file_too(fund, run, path, form):
    where, _, query = path.format(run=run["id"]).partition("?")
    answer = fund.maker.get(f"/api/v1/{where}?{query}&format={form}")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"].endswith(f'.{form}"')
    if form == "xlsx":
        assert openpyxl.load_workbook(io.BytesIO(answer.content)).active.max_row >= 1


def test_lines_keep_their_exact_figures_and_evidence(fund, run):
    answer, rows = _csv(fund.maker, f"nav/runs/{run['id']}/lines")
    shown = fund.maker.get(f"/api/v1/nav/runs/{run['id']}/lines").json()["items"]
    assert [row["line.value_usd"] for row in rows] == [one["line"]["value_usd"] for one in shown]
    assert rows[0]["line.evidence"] == "; ".join(shown[0]["line"]["evidence"])
    assert f"truenav-nav-runs-{run['id']}-lines.csv" in answer.headers["content-disposition"]


def test_a_file_holds_the_whole_list_and_not_one_page(fund):
    _, rows = _csv(fund.maker, "facts", limit=1)
    assert len(rows) == len(fund.maker.get("/api/v1/facts").json()["items"]) > 1


def test_a_hostile_name_is_harmless_in_the_file(fund):
    body = {"id": "evil", "name": '=HYPERLINK("http://x")', "kind": "strategy", "parent": "alpha"}
    assert fund.maker.put("/api/v1/nodes/evil", json=body).status_code == 200
    _, rows = _csv(fund.maker, "nodes")
    assert {row["body.name"] for row in rows} > {'\'=HYPERLINK("http://x")'}


def test_a_masked_role_gets_a_masked_file(fund, run):
    clerk = fund.installation.logged_in(fund.tenant, "clerk", "finance")
    _, rows = _csv(clerk, f"nav/runs/{run['id']}/lines")
    assert {row["line.node"] for row in rows} == {"•••••"}


def test_an_unknown_format_is_refused_and_a_refusal_is_no_file(fund):
    assert fund.maker.get("/api/v1/facts?format=pdf").status_code == 422
    missing = fund.maker.get("/api/v1/portfolio/nobody?format=csv")
    assert (missing.status_code, missing.headers["content-type"]) == (404, "application/problem+json")

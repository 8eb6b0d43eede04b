"""Printed statements over HTTP: whose they are, what they hold, and that they are files."""

from __future__ import annotations

import io

import pytest
from pypdf import PdfReader

from truenav.core.ids import UserId
from truenav.store import roles


def text_of(answer) -> str:
    pages = PdfReader(io.BytesIO(answer.content)).pages
    text = "\n".join(page.extract_text() for page in pages)
    return text.replace("\u2009", "").replace("\u00a0", " ")


@pytest.fixture
def run(fund):
    return fund.publish(fund.strike())


def test_a_published_nav_is_a_pdf_file_with_the_figures_of_the_run(fund, run):
    answer = fund.maker.get(f"/api/v1/nav/runs/{run['id']}/statement", params={"language": "both"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{run["id"]}-both.pdf"'
    text = text_of(answer)
    for expected in ("1,000,001.50", "100.000150", "10,000.00", "净值报告", "Published", "Carry"):
        assert expected in text
    assert run["bundle_sha"] in "".join(text.split())
    again = fund.maker.get(f"/api/v1/nav/runs/{run['id']}/statement", params={"language": "both"})
    assert again.content == answer.content


def test_a_later_nav_does_not_change_the_statement_of_an_earlier_one(fund, run):
    path = f"/api/v1/nav/runs/{run['id']}/statement"
    before = fund.maker.get(path).content
    fund.installation.clock.advance(minutes=5)
    restated = fund.maker.post(f"/api/v1/nav/runs/{run['id']}/restate").json()
    fund.work(restated["job"], "nav.advance", run=restated["run"]["id"])
    assert fund.maker.get(path).content == before
    fund.publish(fund.maker.get(f"/api/v1/nav/runs/{restated['run']['id']}").json())
    assert "SUPERSEDED" in text_of(fund.maker.get(path))


def test_a_calculated_nav_is_printed_as_provisional(fund):
    run = fund.strike()
    text = text_of(fund.maker.get(f"/api/v1/nav/runs/{run['id']}/statement"))
    assert "PROVISIONAL" in text
    assert "not yet" in text


def test_a_run_that_is_not_calculated_has_no_statement(fund):
    struck = fund.maker.post("/api/v1/nav/runs", json={"fund": "alpha"}).json()["run"]["id"]
    assert fund.maker.get(f"/api/v1/nav/runs/{struck}/statement").status_code == 409
    assert fund.maker.get("/api/v1/nav/runs/nothing/statement").status_code == 404


def test_an_investors_statement_needs_the_investors_name(fund, run):
    path = f"/api/v1/nav/runs/{run['id']}/statement"
    answer = fund.maker.get(path, params={"for": "investor", "investor": "family-office"})
    assert "family-office" in text_of(answer)
    assert "Carry" not in text_of(answer)
    assert answer.headers["content-disposition"].endswith(f'{run["id"]}-holdings-en.pdf"')
    for params in ({"for": "investor"}, {"investor": "family-office"}, {"language": "fr"}):
        assert fund.maker.get(path, params=params).status_code == 422
    assert fund.maker.get(path, params={"for": "investor", "investor": "me"}).status_code == 404


def test_a_role_that_sees_no_strategies_prints_none(fund, run, installation, tenant):
    clerk = installation.logged_in(tenant, "clerk", "finance")
    text = text_of(clerk.get(f"/api/v1/nav/runs/{run['id']}/statement"))
    assert "Carry" not in text
    assert "1,000,001.50" in text


def test_an_investor_prints_own_holdings_of_published_navs_and_nothing_else(fund, installation, tenant):
    run = fund.strike()
    own = f"/api/v1/holdings/runs/{run['id']}/statement"
    investor = installation.logged_in(tenant, "ivy", "investor")
    assert investor.get(own).status_code == 404, "not published yet"
    run = fund.publish(run)
    assert investor.get(f"/api/v1/nav/runs/{run['id']}/statement").status_code == 403
    assert investor.get(own).status_code == 404, "no units are hers yet"
    with installation.house.database.transaction(tenant) as session:
        roles.put_scope(session, UserId("ivy"), roles.Scope(None, ("family-office",)))
    printed = investor.get(own)
    assert printed.status_code == 200, printed.text
    assert "1,000,001.50" in text_of(printed)
    assert investor.get(own, params={"investor": "somebody"}).status_code == 404
    assert fund.maker.get(own).status_code in (403, 404)


def test_another_tenant_cannot_know_that_the_run_exists(run, installation):
    stranger = installation.logged_in(installation.tenant(), "max", "manager")
    assert stranger.get(f"/api/v1/nav/runs/{run['id']}/statement").status_code == 404

"""A journal leaves as a file of another program, by the rights of whoever asks."""

import io
import zipfile


def _files(fund, **query):
    answer = fund.maker.get("/api/v1/journals/truenav", params={"account": "desk", **query})
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return {name: archive.read(name).decode() for name in archive.namelist()}


def test_each_form_is_one_file_and_truenavs_own_an_archive_of_the_templates(fund):
    for form in ("koinly", "cointracking", "beancount", "hledger"):
        answer = fund.maker.get(f"/api/v1/journals/{form}", params={"account": "desk"})
        assert answer.status_code == 200, answer.text
        assert f'filename="truenav-{form}-desk.' in answer.headers["content-disposition"]
        assert answer.text
    whole = _files(fund)
    assert {"accounts.csv", "balances.csv", "trades.csv", "settlements.csv"} <= set(whole)
    assert "desk,Desk,bank,bank,main" in whole["accounts.csv"]
    assert _files(fund) == whole


def test_a_window_opens_with_what_is_held_at_its_beginning(fund):
    lines = _files(fund, since="2026-02-02T08:00:00Z")["balances.csv"].splitlines()[1:]
    assert len(lines) == 2
    assert all(",2026-02-02T08:00:00Z,main," in line for line in lines)


def test_wrong_accounts_windows_and_forms_are_refused_and_so_is_who_may_not_see_raw_facts(fund):
    def status(form="koinly", **query):
        return fund.maker.get(f"/api/v1/journals/{form}", params=query).status_code

    assert status(account="nobody") == 404
    assert status() == 422
    assert status(form="excel", account="desk") == 422
    late, early = "2026-01-31T08:00:00Z", "2026-01-30T08:00:00Z"
    assert status(account="desk", since=late, until=early) == 422
    clerk = fund.installation.logged_in(fund.tenant, "clerk", "finance")
    assert clerk.get("/api/v1/journals/koinly", params={"account": "desk"}).status_code == 403

"""An investor sees own units at published NAVs, and nothing else."""

from truenav.store import roles as store


def _investor(fund, user, *investors):
    client = fund.installation.logged_in(fund.tenant, user, "investor")
    with fund.installation.house.database.transaction(fund.tenant) as session:
        store.put_scope(session, user, store.Scope(None, investors))
    return client


def test_an_investor_sees_own_units_at_the_published_nav_and_nothing_before(fund):
    ina = _investor(fund, "ina", "family-office")
    run = fund.strike(as_of="2026-01-31T07:55:00Z")
    assert ina.get("/api/v1/holdings").json() == {"items": []}
    fund.publish(run)
    (held,) = ina.get("/api/v1/holdings").json()["items"]
    assert (held["share_class"], held["units"], held["investor"]) == ("alpha-a", "10000", "family-office")
    assert (held["nav_per_unit"], held["value"], held["run"]) == ("100.00015", "1000001.5", run["id"])
    history = ina.get("/api/v1/holdings/classes/alpha-a/history").json()["items"]
    assert [(one["run"], one["nav_per_unit"]) for one in history] == [(run["id"], "100.00015")]
    table = ina.get("/api/v1/holdings", params={"format": "csv"}).text.splitlines()
    assert table[1].startswith("alpha,Alpha,alpha-a,")
    statement = ina.get(f"/api/v1/holdings/runs/{run['id']}/statement")
    assert (statement.status_code, statement.content[:5]) == (200, b"%PDF-")


def test_another_investor_sees_nothing_of_it(fund):
    run = fund.publish(fund.strike(as_of="2026-01-31T07:55:00Z"))
    ivo = _investor(fund, "ivo", "somebody-else")
    assert ivo.get("/api/v1/holdings").json() == {"items": []}
    assert ivo.get("/api/v1/holdings/classes/alpha-a/history").status_code == 404
    named = {"investor": "family-office"}
    assert ivo.get(f"/api/v1/holdings/runs/{run['id']}/statement", params=named).status_code == 404
    for path in ("nodes", "nav/runs", "portfolio/alpha", "facts", "accounts", "overview/alpha", "events"):
        assert ivo.get(f"/api/v1/{path}").status_code == 403, path

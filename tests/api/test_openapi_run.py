"""Schemathesis over the API's own description: no fault of ours, no answer that is not described."""

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from truenav.access.actions import ROLES
from truenav.store import logins
from truenav.store import roles as store

pytestmark = pytest.mark.timeout(300)  # hundreds of requests, on a machine that may be busy

EXAMPLES = 3
FEW = 1  # for the other roles, whose requests mostly end at the door
MANY = 60
ENDLESS = ("/api/v1/events", "/api/v1/explore/{fund}/changes")  # their scenarios are elsewhere

OURS = ("authorization", "cookie", "x-truenav-csrf")


@pytest.mark.parametrize("role", ["administrator", pytest.param("manager", marks=pytest.mark.nightly), None])
def test_no_generated_request_gets_a_5xx_or_an_undescribed_answer(installation, tenant, role):
    statuses = _ask_everything(installation, tenant, role, examples=EXAMPLES)
    assert statuses >= ({200, 204, 422} if role else {200, 401})


OFTEN = {"host", "investor", "manager"}
"""Roles asked for at every run, with the administrator; the others, who may less than a manager, at night."""
RARELY = [
    pytest.param(role, marks=() if role in OFTEN else pytest.mark.nightly)
    for role in sorted(ROLES.keys() - {"administrator"})
]


@pytest.mark.parametrize("role", RARELY)
def test_no_role_gets_a_5xx_or_an_undescribed_answer(installation, tenant, role):
    assert _ask_everything(installation, tenant, role, examples=FEW) >= {200, 403}


def test_whoever_sees_a_part_of_the_portfolio_gets_described_answers_too(fund):
    with fund.installation.house.database.transaction(fund.tenant) as session:
        store.put_scope(session, "max", store.Scope(("carry",)))
    assert _ask_everything(fund.installation, fund.tenant, "max", examples=FEW, known=True) >= {200, 403, 404}


@pytest.mark.nightly
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("role", [*sorted(ROLES), None])
def test_no_role_gets_a_5xx_or_an_undescribed_answer_from_many_requests(installation, tenant, role):
    assert 200 in _ask_everything(installation, tenant, role, examples=MANY)


def _ask_everything(installation, tenant, role, *, examples, known=False):
    """Generated requests to every operation as somebody with a role; the statuses of the answers."""
    client = installation.client()
    email = f"{role}@{tenant}.test" if known else installation.add(tenant, role) if role else None
    schema = schemathesis.openapi.from_dict(client.get("/openapi.json").json())
    statuses = set()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in ENDLESS and role:
            continue
        if email and client.get("/api/v1/me").status_code == 401:
            with installation.house.database.transaction(tenant) as session:
                logins.require_factor(session, False)  # a generated rule would close every door
            assert client.log_in(email).status_code == 200
        _run(operation, client, statuses, keep_login=role is not None, examples=examples)
    return statuses


def _run(operation, client, statuses, *, keep_login, examples):
    @given(case=operation.as_strategy())
    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case):
        sent = case.as_transport_kwargs(base_url=str(client.base_url))
        headers = dict(sent.pop("headers"))
        cookies = sent.pop("cookies", {})
        if keep_login:
            headers = {name: value for name, value in headers.items() if name.lower() not in OURS}
        elif cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        if files := sent.get("files"):
            sent["files"] = [(name, (file, _bytes(data))) for name, (file, data) in files]
        headers = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
        request = client.build_request(**sent, headers=headers)
        answer = client.send(request)
        statuses.add(answer.status_code)
        told = (request.method, str(request.url), request.content, answer.text)
        assert answer.status_code < 500, told
        assert str(answer.status_code) in operation.definition.raw["responses"], told

    run()


def _bytes(data):
    return data if isinstance(data, bytes) else str(data).encode(errors="surrogatepass")

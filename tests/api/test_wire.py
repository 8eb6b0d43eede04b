"""What holds for every endpoint: problems, limits, strictness, idempotency, headers, logs."""

import asyncio
import io
import json
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from pydantic import ValidationError

from truenav.api.app import create_app
from truenav.api.openapi import secured_routes
from truenav.api.routes import PUBLIC_PATHS
from truenav.app.events.service import announce
from truenav.app.http.models import Body, Instant, Number
from truenav.app.http.routes import Router, UnsecuredRouteError
from truenav.app.logs import configure_logs


def _raw(client, body, kind="application/json"):
    return client.post("/api/v1/users", content=body, headers={"Content-Type": kind})


def test_every_route_names_an_action_or_is_on_the_list_of_public_ones(installation):
    routes = list(secured_routes(installation.app))
    assert {path for _, path, guard in routes if guard.action is None} == PUBLIC_PATHS
    assert len(routes) > 10


def test_a_route_without_an_action_cannot_be_made():
    router = Router(tags=["x"])
    with pytest.raises(UnsecuredRouteError):
        router.get("/open")(lambda: None)


def test_nothing_but_the_public_addresses_answers_without_a_log_in(installation):
    client = installation.client()
    for method, path, guard in secured_routes(installation.app):
        if guard.action is not None:
            answer = client.request(method, path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, (method, path)
            assert answer.json()["type"] == "urn:truenav:problem:unauthenticated"


def test_unknown_addresses_and_methods_are_problems_too(installation):
    client = installation.client()
    for answer, status in (
        (client.get("/api/v1/nothing"), 404),
        (client.get("/docs"), 404),
        (client.delete("/api/v1/login"), 405),
    ):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b'{"id": 1.5}', "send it as text"),
        (b'{"id": NaN}', "send it as text"),
        (b'{"id": "a", "id": "b"}', "twice"),
        (b'{"id": "a\\u0000b"}', "NUL"),
        (b'{"id": "\\ud800"}', "surrogate"),
        (b"[" * 100_000, "nested"),
        (b'{"id": ' + b"9" * 5000 + b"}", "too long"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused_with_the_reason(admin, body, told):
    answer = _raw(admin, body)
    assert answer.status_code == 400
    assert told in answer.json()["detail"]


def test_a_body_larger_than_the_limit_is_413_whether_announced_or_not(admin):
    announced = _raw(admin, b" " * (1024 * 1024 + 1))
    assert announced.status_code == 413
    assert announced.json()["type"] == "urn:truenav:problem:body-too-large"
    lying = admin.post(
        "/api/v1/users",
        content=b" " * (1024 * 1024 + 1),
        headers={"Content-Type": "application/json", "Content-Length": "10"},
    )
    assert lying.status_code == 413


def test_unknown_fields_wrong_types_and_wrong_media_types_are_422_naming_the_field(admin, new_user):
    extra = admin.post("/api/v1/users", json=new_user("clara", admin=True))
    assert extra.status_code == 422
    assert extra.json()["errors"][0]["where"] == "body.admin"
    number = admin.post("/api/v1/users", json={**new_user("clara"), "name": 7})
    assert number.status_code == 422
    form = _raw(admin, json.dumps(new_user("clara")).encode(), "text/plain")
    assert form.status_code == 422


def test_a_refused_password_is_not_repeated_in_the_answer(admin, new_user):
    answer = admin.post("/api/v1/users", json=new_user("clara", password="tiny-secret"))
    assert answer.status_code == 422
    assert "tiny-secret" not in answer.text


def test_an_address_with_a_nul_is_refused(admin):
    assert admin.get("/api/v1/users/a%00b").status_code == 400
    assert admin.get("/api/v1/users?cursor=%00").status_code == 400


def test_numbers_are_exact_text_and_instants_have_a_zone():
    class Form(Body):
        number: Number
        at: Instant

    form = Form(number=str(2**256 - 1), at="2026-01-31T16:00:00+08:00")
    assert form.number == Decimal(2**256 - 1)
    assert form.model_dump_json() == f'{{"number":"{2**256 - 1}","at":"2026-01-31T08:00:00Z"}}'
    for bad in ({"number": 0.1}, {"number": "NaN"}, {"at": "2026-01-31T08:00:00"}, {"at": 7}):
        with pytest.raises(ValidationError):
            Form.model_validate({"number": "1", "at": "2026-01-31T08:00:00Z", **bad})


def test_the_same_change_twice_is_made_once_and_answered_alike(admin, new_user):
    key = {"Idempotency-Key": "add-clara"}
    first = admin.post("/api/v1/users", json=new_user("clara"), headers=key)
    again = admin.post("/api/v1/users", json=new_user("clara"), headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    other = admin.post("/api/v1/users", json=new_user("ben"), headers=key)
    assert other.status_code == 422
    assert other.json()["type"] == "urn:truenav:problem:idempotency-key-reused"
    assert admin.post("/api/v1/users", json=new_user("clara")).status_code == 409


def test_a_refused_change_leaves_the_key_free(admin, new_user):
    key = {"Idempotency-Key": "k"}
    assert admin.post("/api/v1/users", json=new_user("clara", roles=["boss"]), headers=key).status_code == 422
    assert admin.post("/api/v1/users", json=new_user("clara"), headers=key).status_code == 201


def test_the_secret_of_a_token_is_not_kept_for_a_repeated_request(admin):
    body = {"name": "t", "scopes": ["nav:read"]}
    first = admin.post("/api/v1/tokens", json=body, headers={"Idempotency-Key": "k"})
    again = admin.post("/api/v1/tokens", json=body, headers={"Idempotency-Key": "k"})
    assert (first.status_code, again.status_code) == (201, 409)
    assert again.json()["type"] == "urn:truenav:problem:secret-shown-once"
    assert len(admin.get("/api/v1/tokens").json()["items"]) == 1


def test_ten_equal_changes_at_once_are_made_once(installation, tenant):
    admin = installation.logged_in(tenant, "administrator")
    body = {"name": "t", "scopes": ["nav:read"]}

    def make(_):
        return admin.post("/api/v1/tokens", json=body, headers={"Idempotency-Key": "k"}).status_code

    with ThreadPoolExecutor(10) as threads:
        assert sorted(threads.map(make, range(10))) == [201] + [409] * 9
    assert len(admin.get("/api/v1/tokens").json()["items"]) == 1


def test_another_user_may_use_the_same_key(installation, tenant, admin, finance):
    body = {"name": "t", "scopes": ["nav:read"]}
    for client in (admin, finance):
        assert client.post("/api/v1/tokens", json=body, headers={"Idempotency-Key": "k"}).status_code == 201


def test_answers_carry_safe_headers(installation):
    headers = installation.client().get("/healthz").headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_health_says_version_and_metrics_answer_this_machine_only(installation):
    assert installation.client().get("/healthz").json()["status"] == "ok"
    local = installation.client(address="127.0.0.1")
    assert 'truenav_http_requests_total{method="GET",route="/healthz"' in local.get("/metrics").text
    assert installation.client().get("/metrics").status_code == 404
    assert local.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 404


def test_a_fault_of_ours_shows_an_id_and_no_trace(installation, admin, monkeypatch):
    log = io.StringIO()
    configure_logs(stream=log)

    def broken(*_, **__):
        raise RuntimeError("dsn=postgresql://truenav_app:hunter2secret@db/truenav")

    monkeypatch.setattr("truenav.store.users.list_users", broken)
    answer = admin.get("/api/v1/users")
    assert answer.status_code == 500
    assert answer.json()["request_id"] in log.getvalue()
    assert "RuntimeError" not in answer.text
    assert "RuntimeError" in log.getvalue()
    assert "hunter2secret" not in log.getvalue()


def test_no_secret_reaches_the_log(installation, tenant, new_user):
    log = io.StringIO()
    configure_logs(stream=log, level="debug")
    client = installation.logged_in(tenant, "administrator")
    secrets = ["violet otter", client.cookies["truenav_session"], client.headers["x-truenav-csrf"]]
    secrets.append(client.post("/api/v1/tokens", json={"name": "t", "scopes": ["nav:read"]}).json()["secret"])
    client.post("/api/v1/users", json=new_user("clara"))
    client.post("/api/v1/users", json=new_user("clara"))
    client.post("/api/v1/login", json={"email": "a@b.test", "password": "wrong-canary-77"})
    client.get("/api/v1/me", headers={"Authorization": "Bearer tn_canary_canary_canary_canary_canary"})
    secrets += ["nine.blue.kettles", "wrong-canary-77", "tn_canary", "$argon2"]
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {line["route"] for line in lines if line.get("event") == "request"} >= {"/api/v1/login"}
    assert not [secret for secret in secrets if secret in log.getvalue()]


def test_events_reach_their_own_tenant_only_and_after_the_commit(installation, finance, tenant):
    async def first_event():
        transport = _Streaming(installation.app)
        lines = transport.open("/api/v1/events", finance)
        assert await anext(lines) == ": connected"
        for name, id in ((installation.tenant(), "foreign"), (tenant, "run-1")):
            with installation.house.database.transaction(name) as session:
                announce(session, "run", id=id, state="approved")
        found = []
        async for line in lines:
            found.append(line)
            if line.startswith("data:"):
                break
        await transport.leave()
        return found

    told = installation.portal.call(first_event)
    assert [line for line in told if line] == ["event: run", 'data: {"id":"run-1","state":"approved"}']
    assert installation.app.state.hub.streams == 0


def test_a_stream_ends_when_the_log_in_does(installation, finance, monkeypatch):
    monkeypatch.setattr("truenav.app.events.admission.CHECK_SECONDS", 0.2)

    async def until_end():
        lines = _Streaming(installation.app).open("/api/v1/events", finance)
        found = []
        async for line in lines:
            found.append(line)
            if line == ": still here":
                installation.clock.advance(hours=2)
        return found

    told = [line for line in installation.portal.call(until_end) if line]
    assert told == [
        ": connected",
        ": still here",
        "event: end",
        'data: {"reason":"unauthenticated"}',
    ]


class _Streaming:
    """Reads an endless answer line by line; httpx's own transport waits for the end of the answer."""

    def __init__(self, app):
        self._app = app
        self._gone = asyncio.Event()
        self._task = None

    async def open(self, path, client):
        parts = asyncio.Queue()
        request = client.build_request("GET", path)
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": [(name.lower(), value) for name, value in request.headers.raw],
            "client": ("192.0.2.1", 1),
            "server": ("truenav.test", 80),
        }
        began = False

        async def receive():
            nonlocal began
            if not began:
                began = True
                return {"type": "http.request", "body": b"", "more_body": False}
            await self._gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.start":
                assert message["status"] == 200
            else:
                await parts.put(message)

        self._task = asyncio.create_task(self._app(scope, receive, send))
        while True:
            message = await asyncio.wait_for(parts.get(), 10)
            for line in message.get("body", b"").decode().splitlines():
                yield line
            if not message.get("more_body"):
                return

    async def leave(self):
        self._gone.set()
        await self._task


def test_an_open_stream_does_not_keep_an_unused_session_alive(installation, finance, monkeypatch):
    monkeypatch.setattr("truenav.app.events.admission.CHECK_SECONDS", 0.05)

    async def until_end():
        async for line in _Streaming(installation.app).open("/api/v1/events", finance):
            if line == ": still here":
                installation.clock.advance(minutes=25)

    installation.portal.call(until_end)
    assert finance.get("/api/v1/me").status_code == 401


def test_the_description_lists_refusals_log_ins_and_actions(installation):
    schema = installation.client().get("/openapi.json").json()
    assert schema["openapi"].startswith("3.1")
    approve = schema["paths"]["/api/v1/users"]["post"]
    assert approve["x-action"] == "user:write"
    assert approve["security"] == [{"session": []}, {"token": []}]
    assert {"400", "401", "403", "409", "413", "422", "503"} <= approve["responses"].keys()
    assert "application/problem+json" in approve["responses"]["422"]["content"]


def test_a_database_that_is_gone_is_503_and_says_so(installation, finance, monkeypatch):
    from truenav.app.house import House
    from truenav.store.database import Database

    gone = House.of(
        installation.house.settings,
        Database("postgresql://truenav_app:x@127.0.0.1:1/none?connect_timeout=2"),
        installation.clock,
    )
    installation.app.state.house = gone
    answer = installation.client().get("/healthz")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert finance.get("/api/v1/me").status_code == 503


def test_the_application_is_made_without_touching_the_machine(tmp_path):
    from truenav.app.settings import Settings

    assert create_app(Settings(data_dir=tmp_path / "none"))
    assert not (tmp_path / "none").exists()

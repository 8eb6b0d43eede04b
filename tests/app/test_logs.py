import io
import json
import logging

import pytest
import structlog

from truenav.app.logs import configure_logs, redact


@pytest.mark.parametrize(
    "event",
    [
        {"password": "canary"},
        {"headers": {"Authorization": "canary", "Set-Cookie": "canary"}},
        {"request": [{"api_key": "canary"}, {"Signature": "canary"}]},
        {"event": "got Bearer canary-canary"},
        {"event": "token tn_canary_canary_canary"},
        {"dsn": "canary"},
        {"event": "postgresql://user:canary@db/x"},
        {"event": "cookie truenav_session=canary; x"},
        {"event": "hash $argon2id$v=19$canary"},
    ],
)
def test_what_is_named_or_looks_like_a_secret_is_blanked(event):
    assert "canary" not in str(redact(None, "info", event))


def test_harmless_values_stay():
    event = {"event": "request", "route": "/api/v1/tokens", "status": 200, "names": ["a", None]}
    assert redact(None, "info", event) == event


def test_every_line_is_one_json_object_whoever_logs():
    stream = io.StringIO()
    configure_logs(stream=stream)
    structlog.get_logger("truenav.test").info("one", fund="alpha")
    logging.getLogger("library").warning("two %s", "postgresql://u:canary@h/d")
    try:
        raise ValueError("Bearer canary-canary")
    except ValueError:
        structlog.get_logger("truenav.test").exception("three\nlines")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["event"].split()[0] for line in lines] == ["one", "two", "three"]
    assert lines[0]["fund"] == "alpha"
    assert "ValueError" in lines[2]["exception"]
    assert "canary" not in stream.getvalue()

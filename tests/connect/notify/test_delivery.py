"""Webhooks and mails against servers of our own on this machine."""

from __future__ import annotations

import hashlib
import hmac
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from truenav.connect.notify.addresses import HostNotAllowedError
from truenav.connect.notify.mail import BadMailAddressError, Mail, MailSecurity, MailServer, compose, send
from truenav.connect.notify.webhook import BadWebhookError, NotDeliveredError, Webhook, post

AT = datetime(2026, 1, 31, 8, tzinfo=UTC)
SECRET = b"0123456789abcdef"


@contextmanager
def receiver(status: int = 204, **headers: str) -> Iterator[tuple[int, list[tuple[dict[str, str], bytes]]]]:
    """A web server that notes what it is sent."""
    seen: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            seen.append((dict(self.headers), body))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port, seen
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def mail_server() -> Iterator[tuple[int, list[str]]]:
    """A mail server that takes everything, line by line."""
    mails: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                word = line[:4].upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    lines = iter(self.rfile.readline, b".\r\n")
                    mails.append(b"".join(lines).decode())
                if word == b"QUIT":
                    self.wfile.write(b"221 bye\r\n")
                    return
                self.wfile.write(b"250 ok\r\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_address[1], mails
        finally:
            server.shutdown()
            thread.join()


def _post(port, allowed=("hook.test",), host="hook.test", **other):
    webhook = Webhook(f"http://{host}:{port}/in?x=1", SECRET)
    resolve = other.pop("resolve", lambda *_: ["127.0.0.1"])
    post(webhook, b'{"a":1}', notice="n-1", at=AT, allowed=allowed, resolve=resolve, time_out=2, **other)


def test_a_webhook_is_signed_over_time_and_body_and_names_its_notice():
    with receiver() as (port, seen):
        _post(port)
    ((headers, body),) = seen
    stamp, seal = (part.partition("=")[2] for part in headers["X-Truenav-Signature"].split(","))
    assert stamp == str(int(AT.timestamp()))
    assert seal == hmac.new(SECRET, f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert headers["X-Truenav-Notice"] == "n-1"
    assert headers["Host"] == f"hook.test:{port}"


def test_a_host_on_the_inside_is_never_connected_to():
    with receiver() as (port, seen):
        for host in ("hook.test", "127.0.0.1", "localhost"):
            with pytest.raises(HostNotAllowedError):
                _post(port, allowed=(), host=host)
    assert seen == []


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_anything_but_success_is_not_delivered_and_no_redirect_is_followed(status):
    with (
        receiver() as (elsewhere, others),
        receiver(status, Location=f"http://127.0.0.1:{elsewhere}/") as (
            port,
            seen,
        ),
    ):
        with pytest.raises(NotDeliveredError):
            _post(port)
        assert len(seen) == 1
        assert others == []


def test_a_closed_port_is_not_delivered():
    with receiver() as (port, _):
        pass
    with pytest.raises(NotDeliveredError):
        _post(port)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hook.test/",
        "file:///etc/passwd",
        "https://",
        "https://user:secret@hook.test/",
        "https://hook.test/#x",
        "https://hook.test:0/",
        "https://hook.test:99999/",
        "https://hook.test/a b",
        "https://hook.test\\@evil.test/",
        "https://hook.test/\r\nX: y",
        "gopher://127.0.0.1",
    ],
)
def test_odd_addresses_are_refused(url):
    with pytest.raises(BadWebhookError):
        post(Webhook(url, SECRET), b"{}", notice="n", at=AT, allowed=(), resolve=lambda *_: ["8.8.8.8"])


SERVER = MailServer("mail.test", 25, MailSecurity.NONE, "nav@fund.test")


def test_a_mail_is_handed_in():
    with mail_server() as (port, mails):
        server = MailServer("mail.test", port, MailSecurity.NONE, "nav@fund.test")
        mail = Mail("n-1", "fay@fund.test", "NAV waits · 净值待复核", "It waits.")
        send(server, mail, at=AT, allowed={"mail.test"}, resolve=lambda *_: ["127.0.0.1"], time_out=2)
    (text,) = mails
    assert "To: fay@fund.test" in text
    assert "Message-ID: <n-1@truenav.invalid>" in text


def test_a_mail_server_on_the_inside_must_be_allowed():
    mail = Mail("n", "fay@fund.test", "s", "t")
    with pytest.raises(HostNotAllowedError):
        send(SERVER, mail, at=AT, allowed=(), resolve=lambda *_: ["10.0.0.25"])


def test_a_subject_cannot_add_headers():
    message = compose(SERVER, Mail("n", "fay@fund.test", "x\r\nBcc: evil@evil.test", "t"), at=AT)
    assert message["Bcc"] is None
    assert message["Subject"] == "x Bcc: evil@evil.test"


@pytest.mark.parametrize("to", ["a@b.test\r\nBcc: c@d.test", "nobody", "@x.test", "a@b.test, c@d.test", ""])
def test_odd_mail_addresses_are_refused(to):
    with pytest.raises(BadMailAddressError):
        compose(SERVER, Mail("n", to, "s", "t"), at=AT)

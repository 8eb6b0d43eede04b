"""A base URL is text that somebody gave: nothing inside is reached, by name, number or disguise."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio
import httpx
import pytest

from truenav.connect.asking import Endpoint
from truenav.connect.contract import Payload
from truenav.connect.errors import MalformedPayloadError, VenueError, VenueNotAllowedError
from truenav.connect.guard import GuardedTransport
from truenav.connect.notify.addresses import Resolver
from truenav.connect.registry import connector
from truenav.connect.transport import open_network

INSIDE = [
    "127.0.0.1",
    "169.254.169.254",
    "10.0.0.5",
    "192.168.1.1",
    "100.64.0.7",
    "0.0.0.0",
    "[::1]",
    "[fd00:ec2::254]",
    "[::ffff:169.254.169.254]",
    "[64:ff9b::a9fe:a9fe]",
    "2130706433",
    "0x7f.1",
    "localhost",
]


class Door:
    """Counts who comes in at a port of this machine, and sends them elsewhere."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.callers = 0

    def keep(self) -> None:
        while True:
            try:
                opened, _ = self.listener.accept()
            except OSError:
                return
            self.callers += 1
            with opened:
                opened.recv(65536)
                target = f"http://127.0.0.1:{self.port}/latest/meta-data"
                lines = [
                    "HTTP/1.1 302 Found",
                    f"Location: {target}",
                    "Content-Length: 0",
                    "Connection: close",
                ]
                opened.sendall("\r\n".join([*lines, "", ""]).encode())


@pytest.fixture
def door() -> Iterator[Door]:
    with _kept(Door()) as opened:
        yield opened


@contextmanager
def _kept(door: Door) -> Iterator[Door]:
    thread = threading.Thread(target=door.keep, daemon=True)
    thread.start()
    try:
        yield door
    finally:
        door.listener.shutdown(socket.SHUT_RDWR)
        door.listener.close()
        thread.join()


async def _ask(url: str, *, allowed: Sequence[str] = (), resolve: Resolver | None = None) -> httpx.Response:
    more = {} if resolve is None else {"resolve": resolve}
    transport = GuardedTransport(
        trust=httpx.create_ssl_context(), limits=httpx.Limits(), allowed=frozenset(allowed), **more
    )
    async with httpx.AsyncClient(transport=transport, follow_redirects=False, timeout=5) as client:
        return await client.get(url)


@pytest.mark.parametrize("host", INSIDE)
def test_nothing_inside_is_connected_to(host: str, door: Door) -> None:
    with pytest.raises(VenueNotAllowedError, match="TRUENAV_PRIVATE_HOSTS"):
        anyio.run(_ask, f"http://{host}:{door.port}/api")
    assert door.callers == 0


def test_a_name_that_leads_inside_is_refused_also_when_it_led_outside_before(door: Door) -> None:
    answers = iter([["93.184.215.14", "127.0.0.1"], ["127.0.0.1"]])
    for _ in range(2):
        with pytest.raises(VenueNotAllowedError):
            anyio.run(
                lambda: _ask(f"http://venue.example:{door.port}/", resolve=lambda host, port: next(answers))
            )
    assert door.callers == 0


def test_what_was_judged_is_what_is_connected_to(door: Door) -> None:
    looked: list[str] = []

    def once(host: str, port: int) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"]

    answer = anyio.run(
        lambda: _ask(f"http://venue.example:{door.port}/", allowed=["venue.example"], resolve=once)
    )
    assert (answer.status_code, looked, door.callers) == (302, ["venue.example"], 1)


def test_a_proxy_that_the_environment_names_is_not_a_way_round(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{door.port}")
    with pytest.raises(VenueNotAllowedError):
        anyio.run(_ask, "http://127.0.0.1:1/api")
    assert door.callers == 0


@pytest.mark.parametrize(
    ("allowed", "refusal", "calls"),
    [((), VenueNotAllowedError, 0), (("127.0.0.1",), MalformedPayloadError, 4)],
)
def test_a_gathering_asks_inside_only_where_the_installation_says_so_and_follows_nowhere(
    allowed: tuple[str, ...], refusal: type[VenueError], calls: int, door: Door
) -> None:
    async def forget(payload: Payload) -> None:
        """Archived nowhere."""

    async def gather() -> None:
        async with open_network(seed=1, private_hosts=allowed) as network:
            source = connector("binance")
            api = network.transport(source, forget, base_url=f"http://127.0.0.1:{door.port}")
            await api.get(Endpoint("x", "/api", source.manifest.budgets[0].name, host="spot"))

    with pytest.raises(refusal):
        anyio.run(gather)
    assert door.callers == calls

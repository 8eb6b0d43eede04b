"""The server: one ASGI application that answers for every venue of a scenario.

The dialects' paths do not overlap, so a client's base URL is simply the server's address.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import uvicorn

from truenav.simulator import control, references, streams
from truenav.simulator.binance import (
    coinm,
    idle,
    option_orders,
    options,
    spot,
    subaccounts,
    usdm,
    usdm_account,
    wallet,
)
from truenav.simulator.binance import orders as binance_orders
from truenav.simulator.binance import private as binance_private
from truenav.simulator.binance import rules as binance_rules
from truenav.simulator.binance import streams as binance_streams
from truenav.simulator.bybit import account as bybit_account
from truenav.simulator.bybit import history as bybit_history
from truenav.simulator.bybit import orders as bybit_orders
from truenav.simulator.bybit import private as bybit_private
from truenav.simulator.bybit import public as bybit_public
from truenav.simulator.bybit import rules as bybit_rules
from truenav.simulator.bybit import streams as bybit_streams
from truenav.simulator.deribit import rules as deribit_rules
from truenav.simulator.deribit import streams as deribit_streams
from truenav.simulator.errors import PortError
from truenav.simulator.faults import Fault
from truenav.simulator.numbers import exact
from truenav.simulator.okx import account as okx_account
from truenav.simulator.okx import history as okx_history
from truenav.simulator.okx import orders as okx_orders
from truenav.simulator.okx import private as okx_private
from truenav.simulator.okx import public as okx_public
from truenav.simulator.okx import rules as okx_rules
from truenav.simulator.okx import streams as okx_streams
from truenav.simulator.protocol import Call, Reply, json_reply
from truenav.simulator.scenario import AccountPlan
from truenav.simulator.spoiling import spoiled
from truenav.simulator.times import Clock
from truenav.simulator.world import World, open_world

Scope = MutableMapping[str, Any]
Receive = Callable[[], Coroutine[Any, Any, MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Pause = Callable[[float], Awaitable[None]]

BINANCE = (
    spot.ROUTES
    | wallet.ROUTES
    | idle.ROUTES
    | usdm.ROUTES
    | usdm_account.ROUTES
    | coinm.ROUTES
    | options.ROUTES
)
BINANCE |= subaccounts.ROUTES | binance_orders.ROUTES | option_orders.ROUTES | binance_private.ROUTES
BINANCE_PATHS = ("/api/", "/sapi/", "/fapi/", "/dapi/", "/eapi/", "/papi/")
OKX = okx_public.ROUTES | okx_account.ROUTES | okx_history.ROUTES | okx_orders.ROUTES
BYBIT = bybit_public.ROUTES | bybit_account.ROUTES | bybit_history.ROUTES | bybit_orders.ROUTES
KEY_HEADERS = ("x-mbx-apikey", "ok-access-key", "x-bapi-api-key")
FOREVER = 3600.0
BACKLOG = 2048
MAXIMUM_BODY = 1 << 20
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


class Simulator:
    """The ASGI application of one world. `latency` in seconds is added to every venue answer.

    `pause` lets seconds pass; one that never answers is told :data:`FOREVER`.
    """

    def __init__(self, world: World, latency: float = 0.0, pause: Pause = asyncio.sleep) -> None:
        self.world = world
        self.latency = latency
        self.pause = pause

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection (HTTP, WebSocket, or the lifespan protocol)."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        if scope["type"] == "websocket":
            await self._stream(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        body = await _read_body(receive)
        call = self._call(scope, body)
        reply = control.answer(call) if call.path.startswith(control.PREFIX) else await self._venue(call)
        await _send(send, reply)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one WebSocket connection of a venue."""
        call = self._call({**scope, "method": "GET"}, b"")
        self.world.meter.requests[f"{call.venue} {call.path}"] += 1
        struck = {fault.kind for fault in self.world.faults.strike(call.venue, call.path, "")}
        call = _afflicted(call, struck)
        dialect = stream_dialect(call)
        if dialect is None or struck & {"status", "html"}:
            await streams.refuse(receive, send)
            return
        await streams.Stream(call, dialect, receive, send).run()

    def _call(self, scope: Scope, body: bytes) -> Call:
        """The request in the dialects' terms."""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        query = scope["query_string"].decode("latin-1")
        params = dict(parse_qsl(query, keep_blank_values=True))
        if headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            params |= binance_rules.form(body)
        key = next((headers[name] for name in KEY_HEADERS if headers.get(name)), "")
        key = key or deribit_rules.key_of(headers.get("authorization", ""))
        account = self.world.account_of_key(key) if key else None
        venue = self._venue_of(scope["path"], account)
        now = self.world.now()
        client = scope.get("client") or ("", 0)
        return Call(
            world=self.world,
            venue=venue,
            at=now,
            server_time=now + timedelta(milliseconds=self.world.faults.skew(venue)),
            method=scope["method"],
            path=scope["path"],
            query=query,
            params=params,
            headers=headers,
            body=body,
            client=str(client[0]),
            account=account if account is not None and account.venue.id == venue else None,
        )

    def _venue_of(self, path: str, account: AccountPlan | None) -> str:
        """The venue a path speaks to; with several of one dialect, that of the key."""
        if path.startswith(("/api/v5/", "/ws/v5/")):
            dialect = "okx"
        elif path.startswith("/v5/"):
            dialect = "bybit"
        elif path.startswith((deribit_rules.PREFIX, deribit_streams.PATH)):
            dialect = "deribit"
        elif path.startswith((*BINANCE_PATHS, *binance_streams.PATHS, "/private/ws")):
            dialect = "binance"
        else:
            return "ecb" if path.startswith("/stats/") else "vendor"
        if account is not None and account.venue.dialect == dialect:
            return account.venue.id
        venues = self.world.scenario.venues.values()
        return next((venue.id for venue in venues if venue.dialect == dialect), "")

    async def _venue(self, call: Call) -> Reply:
        """Answer a venue request, with the latency and the faults that concern it."""
        world = self.world
        world.meter.requests[f"{call.venue} {call.path}"] += 1
        account = call.account.id if call.account else ""
        faults = world.faults.strike(call.venue, call.path, account)
        kinds = {fault.kind for fault in faults}
        delay = self.latency + sum(f.milliseconds for f in faults if f.kind == "latency") / 1000
        if "hang" in kinds:
            delay = FOREVER
        if delay:
            await self.pause(delay)
            now = world.now()  # by which a signed request may have come too late
            call = replace(
                call, at=now, server_time=now + timedelta(milliseconds=world.faults.skew(call.venue))
            )
        for fault in faults:
            if fault.kind in ("status", "html"):
                return _refusal(fault)
        reply = spoiled(dispatch(_afflicted(call, kinds)), kinds)
        if "lost" in kinds:
            await self.pause(FOREVER)
        unsure = next((fault for fault in faults if fault.kind == "unsure"), None)
        return reply if unsure is None else _refusal(unsure)


def stream_dialect(call: Call) -> streams.Dialect | None:
    """What listens at the path of a WebSocket; None where nothing does."""
    path = call.path
    if not call.venue:
        return None
    if path == okx_streams.PATH:
        return okx_streams.OkxStreams()
    if path in okx_private.PATHS:
        return okx_private.OkxAccountStreams(path)
    if path in bybit_streams.PATHS:
        return bybit_streams.BybitStreams(path)
    if path == bybit_private.PATH:
        return bybit_private.BybitAccountStreams()
    if path == deribit_streams.PATH:
        return deribit_streams.DeribitStreams()
    private = binance_private.stream_of(call)
    if private is not None:
        return private
    return binance_streams.BinanceStreams(path, call.query) if binance_streams.speaks(path) else None


def dispatch(call: Call) -> Reply:
    """The venue's own answer."""
    route = (call.method, call.path)
    with exact():
        if call.venue == "":
            return json_reply({"error": "No venue of this scenario speaks this dialect."}, 404)
        if route in BINANCE:
            return binance_rules.answer(call, BINANCE[route])
        if route in OKX:
            return okx_rules.answer(call, OKX[route])
        if route in BYBIT:
            return bybit_rules.answer(call, BYBIT[route])
        if route in deribit_streams.ROUTES:
            return deribit_rules.answer(call, deribit_streams.ROUTES[route])
        if route in references.ROUTES:
            return references.ROUTES[route](call)
    if call.path.startswith(deribit_rules.PREFIX):
        return deribit_rules.unknown_method()
    if call.path.startswith("/api/v5/"):
        return json_reply({"code": "404", "data": {}, "msg": "Not Found"}, 404)
    return json_reply({"code": -1000, "msg": f"{call.method} {call.path} is not served here."}, 404)


def _afflicted(call: Call, kinds: set[str]) -> Call:
    """The call as the struck venue sees it."""
    afflictions = {"revoked", "duplicate_page", "empty_page"} & kinds
    if not afflictions:
        return call
    return replace(
        call,
        revoked="revoked" in kinds,
        repeat_page="duplicate_page" in kinds,
        empty_page="empty_page" in kinds,
    )


def _refusal(fault: Fault) -> Reply:
    headers = {} if fault.retry_after is None else {"retry-after": str(fault.retry_after)}
    if fault.kind == "html":
        return Reply(fault.status, HTML, headers, media="text/html")
    if fault.kind == "unsure":
        body: dict[str, Any] = {"code": -1007, "msg": "Timeout waiting for response; send status unknown."}
    else:
        body = {"code": -1003, "msg": "Injected fault."}
    return json_reply(body, fault.status, headers)


async def _read_body(receive: Receive) -> bytes:
    """The request's body, at most a mebibyte of it."""
    body: bytes = b""
    while True:
        message = await receive()
        body = (body + message.get("body", b""))[:MAXIMUM_BODY]
        if not message.get("more_body"):
            return body


async def _send(send: Send, reply: Reply) -> None:
    headers = {
        "content-type": reply.media,
        "content-length": str(len(reply.body) + reply.missing),
        **reply.headers,
    }
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    await send({"type": "http.response.body", "body": reply.body, "more_body": bool(reply.missing)})


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def create_app(world: World, latency: float = 0.0, pause: Pause = asyncio.sleep) -> Simulator:
    """The ASGI application of `world`; `latency` in seconds is added to every venue answer."""
    return Simulator(world, latency, pause)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; a port that cannot be had is refused with :class:`PortError`."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise PortError(
            f"{host}:{port} cannot be used ({error.strerror}); choose another port.", port=port
        ) from error


def create_server(
    scenario_path: Path, state_dir: Path, clock: Clock, *, latency: float = 0.0
) -> uvicorn.Server:
    """A server that is ready for ``run(sockets=[...])``, which blocks; ``should_exit`` ends it.

    Raises :class:`ScenarioError` if the scenario cannot be replayed.
    """
    app = create_app(open_world(scenario_path, state_dir, clock), latency)
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1)
    return uvicorn.Server(config)


def serve(
    scenario_path: Path, state_dir: Path, host: str, port: int, clock: Clock, *, latency: float = 0.0
) -> None:
    """Serve a scenario on `host` and `port` until interrupted; `latency` in seconds."""
    with listen(host, port) as listener:
        create_server(scenario_path, state_dir, clock, latency=latency).run(sockets=[listener])

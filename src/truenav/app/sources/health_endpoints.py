"""What can be connected, and how what is connected does."""

from __future__ import annotations

from typing import Literal, Self

from fastapi import Depends, Request

from truenav.app.exports.wire import as_table
from truenav.app.http.context import NowDep, PrincipalDep, SessionDep, SightDep
from truenav.app.http.models import Answer, Instant
from truenav.app.http.routes import Router, requires
from truenav.app.sources.catalogues import CONNECTIONS
from truenav.app.sources.context import parse_context
from truenav.app.sources.freshness import Freshness
from truenav.app.sources.health import SourceHealth, SourceState, StreamWatch, source_health
from truenav.connect.contract import AccountConnector, ConfigurableConnector, Connector, MarketConnector
from truenav.connect.registry import connector, connector_names, unified_names
from truenav.connect.streaming import StreamState

router = Router(prefix="/sources", tags=["sources"])


class ConnectorAnswer(Answer):
    """A venue or price source that can be connected; ``credentials`` are the parts of its key.

    ``wallets`` every account of the venue has; ``more_wallets`` are read where an account lists them.
    """

    name: str
    title: str
    grade: str
    reads: Literal["accounts", "prices"]
    wallets: list[str]
    more_wallets: list[str]
    credentials: list[str]
    hosts: list[str]
    settings: bool

    @classmethod
    def of(cls, found: Connector) -> Self:
        """A connector as the API shows it."""
        manifest = found.manifest
        return cls(
            name=manifest.name,
            title=manifest.title,
            grade=manifest.grade,
            reads="accounts" if isinstance(found, AccountConnector) else "prices",
            wallets=list(manifest.wallets),
            more_wallets=list(manifest.more_wallets),
            credentials=list(manifest.credentials),
            hosts=list(manifest.hosts.values()),
            settings=isinstance(found, ConfigurableConnector),
        )


class StreamAnswer(Answer):
    """How the streams of a connection's venue do on this server; ``trouble`` is why one broke last."""

    state: StreamState
    since: Instant
    last_message_at: Instant | None
    reconnects: int
    trouble: str


class HealthAnswer(Answer):
    """How one connection does; ``hourly`` counts answers of the last 24 hours, the oldest hour first.

    ``error`` is why the last gathering failed, ``job`` the gathering that runs now. ``stream`` is null where
    nobody looks at live prices of its venue, or it has none. ``freshness``: whether the account is read as it
    changes or when it is gathered; ``feed``: the streams that tell its changes, null where nobody follows it.
    """

    id: str
    connector: str
    title: str
    grade: str
    account: str | None
    state: SourceState
    last_answer_at: Instant | None
    delay_seconds: float | None
    hourly: list[int]
    error: str | None
    message: str
    done: int
    total: int | None
    job: str | None
    gathered_at: Instant | None
    stream: StreamAnswer | None
    freshness: Freshness
    feed: StreamAnswer | None

    @classmethod
    def of(cls, health: SourceHealth) -> Self:
        """A connection's health as the API shows it."""
        return cls.model_validate(health)


class KnownAssetAnswer(Answer):
    """An asset that can be held, priced or stated: its id and what people call it."""

    id: str
    symbol: str
    kind: str


@router.get("/connectors", dependencies=[requires("source:read", sight="narrowed")])
def list_connectors() -> list[ConnectorAnswer]:
    """Venues and price sources that this installation can read by itself; all else comes in files."""
    found = (connector(name) for name in (*connector_names(), *unified_names()))
    return [ConnectorAnswer.of(one) for one in found if isinstance(one, MarketConnector)]


@router.get("/health", dependencies=[requires("source:read", sight="narrowed"), Depends(as_table)])
def list_health(
    request: Request, principal: PrincipalDep, session: SessionDep, sight: SightDep, now: NowDep
) -> list[HealthAnswer]:
    """How each connection does, by id: its last answer, its last gathering, its stream, what goes on now."""
    watch: StreamWatch = request.app.state.marks
    every = CONNECTIONS.list_all(session, principal)
    seen = [one.body for one in every if CONNECTIONS.seen(sight, one.body)]
    streams = watch.health(principal.tenant)
    return [HealthAnswer.of(one) for one in source_health(session, seen, streams, now=now)]


@router.get("/assets", dependencies=[requires("portfolio:read", sight="narrowed")])
def list_known_assets(session: SessionDep) -> list[KnownAssetAnswer]:
    """Every asset that the house knows, built in or added, by symbol."""
    known = sorted(parse_context(session).assets.assets.values(), key=lambda one: (one.symbol, one.id))
    return [KnownAssetAnswer(id=one.id, symbol=one.symbol, kind=one.kind) for one in known]

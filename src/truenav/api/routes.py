"""Which slices have endpoints, and the few addresses that belong to none."""

from __future__ import annotations

import ipaddress

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from truenav.api.version import VERSION
from truenav.app.access.endpoints import router as access
from truenav.app.access.roles import router as roles
from truenav.app.audit.endpoints import router as audit
from truenav.app.baskets.endpoints import ROUTERS as BASKETS
from truenav.app.etp.endpoints import ROUTERS as PRODUCTS
from truenav.app.events.endpoints import router as events
from truenav.app.explore.endpoints import router as explore
from truenav.app.exports.endpoints import router as exports
from truenav.app.holdings.endpoints import router as holdings
from truenav.app.http.context import HouseDep
from truenav.app.http.metrics import CONTENT_TYPE, Metrics
from truenav.app.http.models import Answer
from truenav.app.http.routes import API_PREFIX, Router, public
from truenav.app.login.account import router as account
from truenav.app.login.admin import router as people
from truenav.app.login.endpoints import router as login
from truenav.app.login.single_sign_on import CALLBACK
from truenav.app.login.single_sign_on import router as single_sign_on
from truenav.app.modules.endpoints import router as modules
from truenav.app.nav.endpoints import router as nav
from truenav.app.notices.endpoints import router as notices
from truenav.app.overview.endpoints import router as overview
from truenav.app.portfolio.endpoints import ROUTERS as PORTFOLIO
from truenav.app.pricing.endpoints import ROUTERS as PRICING
from truenav.app.reconciliation.endpoints import router as reconciliation
from truenav.app.schedule.endpoints import router as schedule
from truenav.app.setup.endpoints import router as setup
from truenav.app.sources.endpoints import ROUTERS as SOURCES
from truenav.app.sources.health_endpoints import router as health
from truenav.app.sources.import_endpoints import router as imports
from truenav.app.statements.endpoints import router as statements
from truenav.app.tenants.endpoints import router as tenants
from truenav.app.trading.endpoints import ROUTERS as TRADING
from truenav.core.failure import NotFoundError

SLICES: tuple[APIRouter, ...] = (
    setup,
    login,
    single_sign_on,
    account,
    people,
    access,
    roles,
    modules,
    tenants,
    holdings,
    audit,
    events,
    schedule,
    nav,
    statements,
    overview,
    explore,
    notices,
    *PORTFOLIO,
    *PRICING,
    *PRODUCTS,
    *BASKETS,
    *SOURCES,
    *TRADING,
    health,
    imports,
    reconciliation,
    exports,
)
"""Routers of the slices; a new slice adds its own here."""

PUBLIC_PATHS = frozenset(
    {
        "/healthz",
        "/metrics",
        f"{API_PREFIX}/setup",
        *(
            f"{API_PREFIX}/public/{{tenant}}/baskets/{{product}}{path}"
            for path in ("", "/list.{form}", "/disclosure.{form}", "/inav")
        ),
        f"{API_PREFIX}/public/{{tenant}}/products/{{product}}",
        f"{API_PREFIX}/public/{{tenant}}/products/{{product}}/market",
        f"{API_PREFIX}/public/{{tenant}}/products/{{product}}/risk-note",
        f"{API_PREFIX}/public/{{tenant}}/products/{{product}}/series",
        f"{API_PREFIX}/public/{{tenant}}/products/{{product}}/{{table}}.csv",
        CALLBACK,
        *(
            f"{API_PREFIX}/login{path}"
            for path in (
                "",
                "/code",
                "/passkey",
                "/passkey/challenge",
                "/link",
                "/link/look",
                "/single-sign-on",
            )
        ),
    }
)
"""Everything that answers without a log-in, besides the API's own description; a test compares."""

system = Router(base="", tags=["system"])


class Health(Answer):
    """The server and its database work."""

    status: str
    version: str


@system.get("/healthz", dependencies=[public()])
def get_health(house: HouseDep) -> Health:
    """Whether the database answers; 503 when it does not."""
    with house.database.lookup() as session:
        session.execute(text("SELECT 1"))
    return Health(status="ok", version=VERSION)


@system.get("/metrics", dependencies=[public()], include_in_schema=False)
def get_metrics(request: Request) -> Response:
    """Measurements for Prometheus, from this machine only and not through a proxy."""
    if not _is_local(request):
        raise NotFoundError("There is nothing at this address.")
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), headers={"Content-Type": CONTENT_TYPE})


def _is_local(request: Request) -> bool:
    if request.client is None or "forwarded" in request.headers or "x-forwarded-for" in request.headers:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

"""The products that are run here."""

from __future__ import annotations

from truenav.app.etp.catalogues import LISTINGS
from truenav.app.http.catalogues import catalogue_router

ROUTERS = (catalogue_router(LISTINGS, "products"),)

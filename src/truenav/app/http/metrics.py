"""Measurements of the server for Prometheus."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

CONTENT_TYPE = CONTENT_TYPE_LATEST

_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Metrics:
    """Counts and times of one application; each application has its own registry."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("method", "route")
        self._requests = Counter(
            "truenav_http_requests_total", "Requests served", (*labels, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "truenav_http_request_seconds", "Time to the end of the answer", labels, registry=self.registry
        )
        self.streams = Gauge("truenav_event_streams", "Open event streams", registry=self.registry)
        self.views = Gauge("truenav_views_kept", "Valuations kept for open pages", registry=self.registry)
        self.markets = Gauge(
            "truenav_live_venues", "Venues whose prices are followed", registry=self.registry
        )
        self.standing = Gauge(
            "truenav_live_venues_standing", "Followed venues whose streams stand", registry=self.registry
        )
        self.reconnects = Gauge(
            "truenav_live_reconnects", "Reconnects of the streams that are open", registry=self.registry
        )

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note one finished request."""
        known = method if method in _METHODS else "other"
        self._requests.labels(known, route, str(status)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def text(self) -> bytes:
        """Everything measured, in the text form that Prometheus reads."""
        return generate_latest(self.registry)

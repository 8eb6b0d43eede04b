"""A price vendor over HTTP: ``GET /v1/prices`` at a configurable base URL."""

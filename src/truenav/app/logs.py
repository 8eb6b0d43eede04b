"""Structured logs: one JSON object a line, secrets left out."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, WrappedLogger

REDACTED = "[redacted]"

_SECRET_NAME = re.compile(
    r"pass|secret|token|credential|authori[sz]ation|cookie|api_?key|private|signature|csrf|master_key|dsn",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"\btn_[A-Za-z0-9_-]{16,}"  # API tokens of ours
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user and password in a URL
    r"|\b(?:Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}"
    r"|\$argon2\S+"
    r"|(?<=truenav_session=)[^;\s]+"
)


def configure_logs(*, level: str = "info", stream: TextIO | None = None) -> None:
    """Send our logs, and those of the libraries, to ``stream`` (stderr) as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = name != "uvicorn.access"  # we log each request ourselves
    for name in ("httpx", "httpcore", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank what is named like a secret or looks like one, at any depth."""
    return {name: _clean(value, name) for name, value in event.items()}


def _clean(value: Any, name: str = "") -> Any:
    if name and _SECRET_NAME.search(name) and value is not None:
        return REDACTED
    if isinstance(value, str):
        return _SECRET_VALUE.sub(REDACTED, value)
    if isinstance(value, dict):
        return {key: _clean(item, str(key)) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value

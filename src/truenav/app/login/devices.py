"""What a browser says of itself, in the two words that help people recognise their own session."""

from __future__ import annotations

# The first that fits wins: most browsers claim to be several.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python-", "Python"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)


def device(agent: str) -> str:
    """``Firefox on Windows`` from a user agent; what nobody knows is ``Unknown device``."""
    browser = _first(_BROWSERS, agent)
    system = _first(_SYSTEMS, agent)
    return " on ".join(word for word in (browser, system) if word) or "Unknown device"


def _first(words: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((word for mark, word in words if mark in agent), "")

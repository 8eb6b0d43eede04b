"""Built-in layouts: data files in this folder, written from the column names that venues publish."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from truenav.connect.files.mapping import Layout, layout_from_json

_KNOWN = "known_headers.json"
_VOCABULARY = "vocabulary.json"


@cache
def layouts() -> Mapping[str, Layout]:
    """All built-in layouts by name."""
    found: dict[str, Layout] = {}
    for entry in sorted(files(__package__).iterdir(), key=lambda one: one.name):
        if entry.name.endswith(".json") and entry.name not in (_KNOWN, _VOCABULARY):
            for data in json.loads(entry.read_text("utf-8")):
                layout = layout_from_json(json.dumps(data))
                if layout.name in found:
                    raise ValueError(f"two layouts are called {layout.name!r}")
                found[layout.name] = layout
    return found


@cache
def known_headers() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Titles and header lines of exports that are recognised by name, mapped or not."""
    entries = json.loads(files(__package__).joinpath(_KNOWN).read_text("utf-8"))
    return tuple((title, tuple(header)) for title, headers in entries.items() for header in headers)


@cache
def vocabulary() -> Mapping[str, Mapping[str, list[str]]]:
    """Words of headers and type columns in several languages, by what they stand for."""
    data: Mapping[str, Mapping[str, list[str]]] = json.loads(
        files(__package__).joinpath(_VOCABULARY).read_text("utf-8")
    )
    return data

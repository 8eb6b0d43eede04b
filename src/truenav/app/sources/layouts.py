"""How a file reads: by a template, or by a layout that is built in, saved by the tenant or sent along.

A saved layout is a definition, so its versions stay readable; the evidence of an import holds the layout
itself, so changing one changes nothing that was imported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import PurePath

from truenav.access.policy import Principal, authorize
from truenav.app.catalogue import Catalogue, no_check
from truenav.app.sight import Sight
from truenav.connect.errors import ImportRefusedError
from truenav.connect.files import TEMPLATES, Layout, Sniffed, layouts, sniff
from truenav.connect.files.mapping import Field, refuse_bad_layout
from truenav.connect.files.recognise import fitted
from truenav.connect.files.table import Problems
from truenav.connect.files.text import layout_table
from truenav.core.canonical import encode
from truenav.core.failure import NotFoundError
from truenav.core.names import refuse_bad_texts
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import Kind

MOST_WORDS = 40
_WORD_LENGTH = 60
_LOOK_ROWS = 20_000
_SIGNS = ("delimiter", "thousands")
_OWN_ACCOUNTS = {Field.ACCOUNT, Field.TO_ACCOUNT}


class UnknownLayoutError(ImportRefusedError):
    """Neither a template nor a layout reads the file."""

    code = "unknown-layout"
    title = "Nothing says how this file reads"


class LayoutNotFoundError(NotFoundError):
    """There is no layout of this name, saved or built in."""

    code = "layout-not-found"


class _Layouts(Catalogue[Layout]):
    """Saved layouts; a tab or space that parts columns or thousands is no bad text."""

    __slots__ = ()

    def _refuse_bad_texts(self, body: Layout) -> None:
        refuse_bad_layout(body)
        texts = {name: value for name, value in encode(body).items() if name not in _SIGNS}
        refuse_bad_texts(texts, what=f"layout {body.name!r}")


def in_sight(sight: Sight, layout: Layout) -> bool:
    """Whether somebody sees every account that a layout names."""
    return all(map(sight.sees_account, layout.accounts.values()))


LAYOUTS = _Layouts(
    Kind.IMPORT_MAPPING, Layout, "source:read", "import:write", lambda one: one.name, no_check, in_sight
)


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody says about a file; nothing of it has to be said where the file speaks for itself.

    ``named`` is a saved or built-in layout's name, ``layout`` one that is sent along. ``account`` is whose
    file it is where no column says so, ``zone`` the zone of times that tell none.
    """

    template: str | None = None
    named: str | None = None
    layout: Layout | None = None
    account: str | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file reads: its template, or its layout and whose file it is."""

    template: str | None = None
    layout: Layout | None = None
    account: str = ""

    @property
    def name(self) -> str:
        """Of the template or layout."""
        return self.layout.name if self.layout else self.template or ""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """What a file is, and for each column the few different texts it has; columns with many are left out."""

    sniffed: Sniffed
    texts: Mapping[str, tuple[str, ...]]


def own_layouts(session: Session) -> tuple[Layout, ...]:
    """The layouts that the tenant saved, by name."""
    return definitions.bodies(session, Kind.IMPORT_MAPPING, Layout)


def look_at(session: Session, principal: Principal, name: str, data: bytes) -> FileSeen:
    """What a file is: nothing is kept. Raises ``ImportRefusedError`` where it has no table of columns."""
    authorize(principal, "import:write")
    sniffed = sniff(name, data, own_layouts(session))
    return FileSeen(sniffed, _texts(sniffed, data))


def reading_of(session: Session, name: str, data: bytes, told: Told) -> Reading:
    """How a file reads, by what was told, else its name, else its header; a tenant's own layouts go first.

    Raises `UnknownLayoutError` where nothing says it, and ``ImportRefusedError`` where something is open.
    """
    layout = told.layout
    if layout is None and told.named is not None:
        layout = fitted_to(find_layout(session, told.named), name, data)
    if layout is None:
        found = _found(session, name, data, told)
        if isinstance(found, str):
            return Reading(template=found)
        layout = found
    if told.zone is not None:
        layout = replace(layout, times=replace(layout.times, zone=told.zone))
    refuse_bad_layout(layout)
    if not told.account and not _OWN_ACCOUNTS & set(layout.columns):
        raise ImportRefusedError(
            f"No column of {name[:60]!r} names the account; say whose account the file shows."
        )
    return Reading(layout=layout, account=told.account or "")


def find_layout(session: Session, name: str) -> Layout:
    """A saved or built-in layout; a saved one goes first."""
    for one in (*own_layouts(session), *layouts().values()):
        if one.name == name:
            return one
    raise LayoutNotFoundError(f"There is no layout {name[:60]!r}; list the layouts.")


def fitted_to(layout: Layout, name: str, data: bytes) -> Layout:
    """A layout with the delimiter, encoding and column names that a file has."""
    sniffed = sniff(name, data, (layout,))
    found = replace(layout, encoding=sniffed.encoding, delimiter=sniffed.delimiter)
    return fitted(found, sniffed.columns)


def _found(session: Session, name: str, data: bytes, told: Told) -> str | Layout:
    """The template or layout that a file's header says, else the template that its name says."""
    if told.template is not None:
        return told.template
    named = PurePath(name).name.partition(".")[0]
    try:
        sniffed = sniff(name, data, own_layouts(session))
    except ImportRefusedError as error:
        if named in TEMPLATES:
            return named  # by its template each problem is told with its place
        raise ImportRefusedError(
            f"{name[:60]!r} names no template ({', '.join(TEMPLATES)}), and it is no table: {error.message}",
            **error.context,
        ) from error
    if sniffed.template or (named in TEMPLATES and sniffed.layout is None):
        return sniffed.template or named
    return _sure(name, sniffed, told)


def _sure(name: str, sniffed: Sniffed, told: Told) -> Layout:
    """The layout that a header says, where it says one and leaves nothing open."""
    if sniffed.layout is not None:
        still = [one for one in sniffed.questions if one.about != "zone" or told.zone is None]
        if still:
            raise ImportRefusedError(f"{name[:60]!r} is {sniffed.title}, but: {still[0].text}")
        return sniffed.layout
    if sniffed.candidates:
        names = ", ".join(one.name for one in sniffed.candidates)
        raise ImportRefusedError(f"Several layouts read {name[:60]!r}; choose one: {names}.")
    raise UnknownLayoutError(
        f"{name[:60]!r} names no template, and no layout reads its columns. Map them: in the import page, or "
        f"begin with 'truenav import sniff'. Templates: {', '.join(TEMPLATES)}."
    )


def _texts(sniffed: Sniffed, data: bytes) -> Mapping[str, tuple[str, ...]]:
    """For each column with few different texts these, in the order in which they stand."""
    columns = dict(zip((field.value for field in Field), sniffed.columns, strict=False))
    form = Layout("look", "look", columns, delimiter=sniffed.delimiter, encoding=sniffed.encoding)
    table = layout_table(data, form, Problems())
    found: dict[int, dict[str, None]] = {place: {} for place in range(len(table.columns))}
    for _, row in islice(table.rows, _LOOK_ROWS):
        for place in tuple(found):
            text = row[place].strip()
            found[place][text] = None
            if len(found[place]) > MOST_WORDS or len(text) > _WORD_LENGTH:
                del found[place]
    return {table.columns[place]: tuple(texts) for place, texts in found.items()}

"""Commands for definitions, the same for every catalogue: ``put``, ``list``, ``show``, ``remove``.

What ``show`` and ``list --output json`` print can be given to ``put`` again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from truenav.cli.common import (
    Row,
    desk,
    dry_run_option,
    file_argument,
    output_option,
    read_file,
    say,
    show,
)
from truenav.core.failure import InvalidInputError, TruenavError

if TYPE_CHECKING:
    from truenav.app.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Noun:
    """One kind of definition: what people call it, ``module:NAME`` of its catalogue, columns of its table."""

    what: str
    where: str
    columns: tuple[str, ...]

    def catalogue(self) -> Catalogue[Any]:
        """The catalogue, imported when it is first needed."""
        module, _, name = self.where.partition(":")
        found: Catalogue[Any] = getattr(import_module(module), name)
        return found


def add_definition_commands(group: click.Group, noun: Noun) -> None:
    """Give a group the four commands."""
    for command in (_put(noun), _list(noun), _show(noun), _remove(noun)):
        group.add_command(command)


def definition_group(name: str, noun: Noun, *, help: str) -> click.Group:
    """A group of its own with the four commands."""
    group = click.Group(name, help=help)
    add_definition_commands(group, noun)
    return group


def put_documents(noun: Noun, documents: Sequence[tuple[str, object]], *, dry_run: bool) -> None:
    """Write definitions, each given with the place it comes from, all or none."""
    catalogue = noun.catalogue()
    bodies = [_parsed(catalogue, place, data) for place, data in documents]
    with desk() as here, here.transaction(keep=not dry_run) as session:
        written = catalogue.put_many(session, here.house, here.principal, bodies)
    for one in written:
        say(f"{noun.what} {one.id}: version {one.version}{' (dry run: not kept)' if dry_run else ''}")


def read_documents(path: str) -> list[tuple[str, object]]:
    """JSON data of a file with the place of each: one object, a list of them, or one object a line."""
    from truenav.app.http.strict_json import parse_json

    data = read_file(path)
    name = "standard input" if path == "-" else path
    lines = [(number, line) for number, line in enumerate(data.splitlines(), 1) if line.strip()]
    first = lines[0][1].strip() if lines else b""
    parts = lines if first.startswith(b"{") and first.endswith(b"}") else [(1, data)]
    found: list[tuple[str, object]] = []
    for number, part in parts:
        place = f"{name}, line {number}" if len(parts) > 1 else name
        try:
            document = parse_json(part)
        except TruenavError as error:
            raise InvalidInputError(f"{place}: {error.message}") from error
        if isinstance(document, list):
            found += [(f"{place}, item {n}", item) for n, item in enumerate(document, 1)]
        else:
            found.append((place, document))
    if not found:
        raise InvalidInputError(f"{name} holds no definition; write one JSON object, a list, or one a line.")
    return found


def _parsed(catalogue: Catalogue[Any], place: str, data: object) -> object:
    try:
        return catalogue.parse(data)
    except TruenavError as error:
        raise InvalidInputError(f"{place}: {error.message}") from error


def _put(noun: Noun) -> click.Command:
    @click.command("put", help=f"Add or replace each {noun.what} in FILE (JSON, JSON Lines; - is stdin).")
    @file_argument()
    @dry_run_option
    def put(*, file: str, dry_run: bool) -> None:
        put_documents(noun, read_documents(file), dry_run=dry_run)

    return put


def _list(noun: Noun) -> click.Command:
    @click.command("list", help=f"List: one {noun.what} a row.")
    @output_option
    def list_(*, output: str) -> None:
        from truenav.core.canonical import encode

        with desk() as here, here.transaction() as session:
            found = noun.catalogue().list_all(session, here.principal)
        bodies = [encode(one.body) for one in found]
        if output == "json":
            show(bodies, output)
            return
        rows: list[Row] = [
            {"key": one.id, **body, "version": one.version} for one, body in zip(found, bodies, strict=True)
        ]
        show(rows, output, columns=(*noun.columns, "version"))

    return list_


def _show(noun: Noun) -> click.Command:
    @click.command("show", help=f"Print one {noun.what} as JSON.")
    @click.argument("id")
    def show_one(*, id: str) -> None:
        from truenav.core.canonical import encode

        with desk() as here, here.transaction() as session:
            found = noun.catalogue().find(session, here.principal, id)
        click.echo(json.dumps(encode(found.body), indent=2, ensure_ascii=False))

    return show_one


def _remove(noun: Noun) -> click.Command:
    @click.command("remove", help=f"Remove one {noun.what}; its earlier versions stay readable.")
    @click.argument("id")
    @dry_run_option
    def remove(*, id: str, dry_run: bool) -> None:
        with desk() as here, here.transaction(keep=not dry_run) as session:
            noun.catalogue().delete(session, here.house, here.principal, id)
        say(f"{noun.what} {id}: {'could be removed (dry run)' if dry_run else 'removed'}")

    return remove

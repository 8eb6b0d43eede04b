"""``truenav bundle``: look into an evidence bundle; needs neither database nor network."""

from __future__ import annotations

from pathlib import Path

import click

from truenav.cli.common import Row, output_option, show

_bundle = click.argument(
    "bundle_path", metavar="BUNDLE", type=click.Path(exists=True, dir_okay=False, path_type=Path)
)


@click.group()
def bundle() -> None:
    """Look into an evidence bundle. 'truenav verify' checks it."""


@bundle.command("list")
@_bundle
@output_option
def list_entries(*, bundle_path: Path, output: str) -> None:
    """List the files of BUNDLE with size and SHA-256."""
    from truenav.app.proof.archive import read_archive
    from truenav.core.canonical import sha256_hex

    rows: list[Row] = [
        {"name": entry.name, "size": len(entry.data), "sha256": sha256_hex(entry.data)}
        for entry in read_archive(bundle_path.read_bytes())
    ]
    show(rows, output)


@bundle.command()
@_bundle
@output_option
def manifest(*, bundle_path: Path, output: str) -> None:
    """Show the signed manifest of BUNDLE: what each file's SHA-256 was when it was signed."""
    from truenav.app.proof.lines import read_lines

    name = "manifest.jsonl"
    show(read_lines(name, _entry(bundle_path, name)), output)


@bundle.command("cat")
@_bundle
@click.argument("name")
def show_file(*, bundle_path: Path, name: str) -> None:
    """Write one file of BUNDLE to standard output."""
    click.echo(_entry(bundle_path, name), nl=False)


def _entry(path: Path, name: str) -> bytes:
    from truenav.app.proof.archive import read_archive
    from truenav.core.failure import NotFoundError

    found = [entry.data for entry in read_archive(path.read_bytes()) if entry.name == name]
    if not found:
        raise NotFoundError(f"{path.name} holds no file {name!r}; list its files with 'truenav bundle list'.")
    return found[0]

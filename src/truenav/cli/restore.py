"""``truenav restore``: a backup or a mirror into an empty installation."""

from __future__ import annotations

from pathlib import Path

import click

from truenav.cli.common import output_option, say, settings, show


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="A backup's folder or .tar file.",
)
@click.option(
    "--keys",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that 'backup --keys-to' wrote; the backup must be sealed with its key.",
)
@click.option("--key", metavar="KEY", help="Public key or fingerprint that must have sealed the backup.")
@output_option
def restore(*, source: Path, keys: Path | None, key: str | None, output: str) -> None:
    """Restore into the empty data folder and database of the settings, and check every byte of it."""
    from truenav.app.nav.signing import fingerprint_of
    from truenav.app.operations.restore import restore as restore_backup

    done = restore_backup(settings(), source.absolute(), keys=keys, key=key, report=say)
    if keys is None and key is None and settings().master_key is None:
        say("Nobody said whose backup this is (--keys or --key): the signer was not verified.")
    row = {
        "backup": done.manifest.made_at,
        "tenants": done.checked.tenants,
        "facts": done.checked.facts,
        "files": done.checked.files,
        "navs_verified": done.checked.navs,
        "fingerprint": fingerprint_of(done.signer),
    }
    show([row], output)

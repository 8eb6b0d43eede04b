"""``truenav backup``: everything but the keys, into a folder or a file."""

from __future__ import annotations

from pathlib import Path

import click

from truenav.cli.common import house, output_option, say, show


@click.command()
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    help="A folder (later backups add only new files), or a new file that ends in .tar.",
)
@click.option(
    "--keys-to",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the master keys, too: to another place, where the backup is not.",
)
@output_option
def backup(*, target: Path, keys_to: Path | None, output: str) -> None:
    """Back up the database, payloads and segments while work goes on. Only for somebody at the machine.

    Without the master keys a backup opens no stored secret: keep them somewhere else.
    """
    from truenav.app.house import database_addresses
    from truenav.app.operations.backup import back_up, save_keys
    from truenav.app.proof.signing import fingerprint_of
    from truenav.store.postgres import Role

    with house() as opened:
        if keys_to is not None:
            save_keys(opened.vault, keys_to, target=target)
        backup_dsn = database_addresses(opened.settings)[Role.BACKUP]
        made = back_up(opened, backup_dsn, target.absolute(), report=say)
    row = {
        "backup": str(made.folder),
        "made_at": made.manifest.made_at,
        "files": len(made.manifest.objects),
        "copied": made.copied,
        "bytes": made.manifest.size,
        "facts": made.manifest.tables["fact"],
        "fingerprint": fingerprint_of(made.signer),
    }
    show([row], output)

"""``truenav restore``: a backup or a mirror into an empty installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from truenav.cli.common import output_option, say, settings, show

if TYPE_CHECKING:
    from truenav.app.operations.checks import Checked


@click.command()
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, path_type=Path),
    required=True,
    help="A backup's folder or .tar file, or a mirror's folder.",
)
@click.option(
    "--keys",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The folder that 'backup --keys-to' wrote; the backup must be sealed with its key.",
)
@click.option("--key", metavar="KEY", help="Public key or fingerprint that must have sealed the backup.")
@click.option("--check-only", is_flag=True, help="Check every byte of a backup, and restore nothing.")
@output_option
def restore(*, source: Path, keys: Path | None, key: str | None, check_only: bool, output: str) -> None:
    """Restore into the empty data folder and database of the settings, and check every byte of it."""
    from truenav.app.operations.mirror import restore_mirror
    from truenav.app.operations.restore import check_backup
    from truenav.app.operations.restore import restore as restore_backup
    from truenav.app.proof.signing import fingerprint_of
    from truenav.store.postgres import latest_base

    if check_only:
        manifest, signer = check_backup(settings(), source.absolute(), keys=keys, key=key)
        say("Every file is as it was sealed.")
        row = {"backup": manifest.made_at, "files": len(manifest.objects), "bytes": manifest.size}
        show([{**row, "fingerprint": fingerprint_of(signer)}], output)
        return
    if source.is_dir() and latest_base(source) is not None:
        _show(restore_mirror(settings(), source.absolute(), keys=keys, report=say), output)
        return
    done = restore_backup(settings(), source.absolute(), keys=keys, key=key, report=say)
    if keys is None and key is None and settings().master_key is None:
        say("Nobody said whose backup this is (--keys or --key): the signer was not verified.")
    _show(done.checked, output, backup=done.manifest.made_at, fingerprint=fingerprint_of(done.signer))


def _show(checked: Checked, output: str, **more: object) -> None:
    for tenant in checked.unreadable:
        say(
            f"Tenant {tenant}: its files do not open, for its key is not in the backup. If it was erased "
            f"since, erase its rows again: 'truenav tenant suspend {tenant}', then 'truenav tenant erase'."
        )
    row = {
        "tenants": checked.tenants,
        "facts": checked.facts,
        "files": checked.files,
        "navs_verified": checked.navs,
    }
    show([{**row, **more}], output)

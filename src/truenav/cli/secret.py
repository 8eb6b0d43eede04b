"""``truenav secret``: the key that protects stored credentials."""

from __future__ import annotations

import click

from truenav.cli.common import house, say


@click.group()
def secret() -> None:
    """The master key that protects venue keys and signing keys. Back it up apart from the database."""


@secret.command()
def rotate() -> None:
    """Make a new master key file and wrap every stored secret with it; former keys keep opening.

    Only here, on the machine itself. With TRUENAV_MASTER_KEY set, no key is made: put the old one as a
    line of former-master.keys in the data folder, set the variable to the new one, and run this.
    """
    from truenav.app.rotation import rotate_master_key

    with house() as opened:
        count = rotate_master_key(opened)
        id = opened.vault.current.id
        say(f"{count} secrets and keys are wrapped with master key {id}. Back the key up again.")

"""``truenav verify``: check an evidence bundle; needs neither database nor network."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from truenav.core.failure import InvalidInputError

SIGNER_NOT_VERIFIED = 7
DIFFERENT = 8


@click.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    help="The signer's public key or its fingerprint (64 hexadecimal digits), or a file that holds one. "
    "Get it from the fund, not from the bundle.",
)
def verify(*, bundle: Path, key: str | None) -> None:
    """Compute the NAV in BUNDLE again from its evidence and compare every byte.

    Exit codes: 0 identical; 7 intact, but without --key the signer is not verified; 8 different.
    """
    from truenav.app.nav.bundle import Verdict, verify_bundle

    found = verify_bundle(bundle.read_bytes(), key=None if key is None else read_key(key))
    click.echo(f"{bundle.name}: {found.verdict}")
    if found.difference:
        click.echo(f"first difference: {found.difference}")
    for name in ("run", "fund", "payloads", "facts", "merkle_root", "fingerprint"):
        click.echo(f"  {name.replace('_', ' '):<12} {getattr(found, name)}")
    codes = {Verdict.IDENTICAL: 0, Verdict.SIGNER_NOT_VERIFIED: SIGNER_NOT_VERIFIED}
    sys.exit(codes.get(found.verdict, DIFFERENT))


def read_key(text: str) -> str:
    """A key or fingerprint given as such or in a file."""
    path = Path(text)
    value = (path.read_text("ascii", errors="replace") if path.is_file() else text).strip().lower()
    if len(value) != 64 or not set(value) <= set("0123456789abcdef"):
        raise InvalidInputError(
            f"--key: {value[:20]!r} is not a key or fingerprint (64 hexadecimal digits) nor a file with one."
        )
    return value

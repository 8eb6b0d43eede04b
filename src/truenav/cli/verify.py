"""``truenav verify``: check an evidence bundle of any kind; needs neither database nor network."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import click

from truenav.core.failure import InvalidInputError

SIGNER_NOT_VERIFIED = 7
DIFFERENT = 8

_MOST_BYTES = 0xFFFFFFFF
_MOST_KEY_FILE_BYTES = 4096
_FIELDS = ("product", "run", "fund", "payloads", "facts", "merkle_root", "fingerprint", "sha256")


@click.command()
@click.argument("bundle", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--key",
    help="The signer's public key or its fingerprint (64 hexadecimal digits), or a file that holds one. "
    "Get it from the fund, not from the bundle.",
)
def verify(*, bundle: Path, key: str | None) -> None:
    """Compute the NAV, or the product, in BUNDLE again from its evidence and compare every byte.

    Exit codes: 0 identical; 7 intact, but without --key the signer is not verified; 8 different.
    """
    from truenav.app.proof.verify import Verdict, verify_bundle

    signer = None if key is None else read_key(key)
    found = verify_bundle(_read(bundle), key=signer)
    click.echo(f"{_printable(bundle.name)}: {found.verdict}")
    if found.difference:
        click.echo("first difference: " + "\n  ".join(map(_printable, found.difference.split("\n"))))
    for name in _FIELDS:
        if (value := getattr(found, name)) != "":
            click.echo(f"  {name.replace('_', ' '):<12} {_printable(str(value))}")
    if found.unified:
        click.echo(
            f"{found.unified} of the payloads are rows that ccxt made of the venues' answers; "
            "the NAV is computed again from these rows, not from the answers themselves."
        )
    codes = {Verdict.IDENTICAL: 0, Verdict.SIGNER_NOT_VERIFIED: SIGNER_NOT_VERIFIED}
    sys.exit(codes.get(found.verdict, DIFFERENT))


def read_key(text: str) -> str:
    """A key or fingerprint given as such, or in a file: alone, or as ``truenav nav key`` prints it.

    Digits are never taken for the name of a file: who sends a bundle could send such a file with it.
    """
    if (value := _digits(text)) is not None:
        return value
    try:
        with Path(text).open("rb") as file:
            content = file.read(_MOST_KEY_FILE_BYTES).decode(errors="replace")
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"--key: {text[:80]!r} is neither a key or fingerprint (64 hexadecimal digits) nor a file that "
            f"can be read ({type(error).__name__})."
        ) from error
    if (value := _digits(content) or _digits(_printed_key(content))) is not None:
        return value
    raise InvalidInputError(
        f"--key: the file {text[:80]!r} holds no key or fingerprint; put the 64 hexadecimal digits in it, or "
        "what 'truenav nav key' prints."
    )


def _digits(text: str) -> str | None:
    value = text.strip().lower()
    return value if re.fullmatch(r"[0-9a-f]{64}", value, re.ASCII) else None


def _printed_key(content: str) -> str:
    try:
        return str(json.loads(content)[0]["public_key"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _read(bundle: Path) -> bytes:
    try:
        if bundle.stat().st_size > _MOST_BYTES:
            raise InvalidInputError(f"{bundle.name} is larger than 4 GiB; no evidence bundle is.")
        return bundle.read_bytes()
    except (OSError, MemoryError) as error:
        raise InvalidInputError(f"{bundle.name} cannot be read ({type(error).__name__}).") from error


def _printable(text: str) -> str:
    """Text of a bundle as it may go to a terminal: what would move the cursor or turn text round is shown."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text
    )

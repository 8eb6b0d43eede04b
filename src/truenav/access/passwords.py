"""Passwords: which are accepted, and how they are kept (argon2id, never the password itself)."""

from __future__ import annotations

import re
import threading
import unicodedata
from functools import cache
from importlib import resources

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

from truenav.access.errors import WeakPasswordError

MIN_LENGTH = 15
MIN_LENGTH_WITH_FACTOR = 8
"""Enough where a second factor is asked for as well (NIST SP 800-63B-4, 3.1.1.2)."""
MAX_LENGTH = 256
"""Longer ones are refused rather than cut: hashing must not be a way to burn our processor."""

_HASHER = PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
_ROWS = (
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
)
_LEET = str.maketrans("013457@$!", "oieastasi")

# Each hash takes 64 MiB for some 50 ms; four at once is what a small machine can spare.
_AT_ONCE = threading.BoundedSemaphore(4)


NO_PASSWORD = "!"  # noqa: S105 - no hash, so that no password fits
"""Stored for a user who has chosen none yet, or logs in through the tenant's identity provider."""


def check_password(password: str, *, personal: tuple[str, ...] = (), with_factor: bool = False) -> None:
    """Refuse a password that is short or easily guessed (NIST SP 800-63B-4: length and a block list).

    Parameters
    ----------
    password : as typed; after Unicode normalisation at most 256 characters, each code point counts as one.
    personal : words that the password must not be made of: e-mail, name, tenant.
    with_factor : a second factor is asked for as well, so 8 characters suffice instead of 15.

    Raises ``WeakPasswordError`` with the reason; the password is never part of it. No rule asks for
    digits, signs or capitals, and no password grows old.
    """
    text = _normal(password)
    least = MIN_LENGTH_WITH_FACTOR if with_factor else MIN_LENGTH
    if len(text) < least:
        shorter = "" if with_factor else f", or add a second factor first: then {MIN_LENGTH_WITH_FACTOR} do"
        raise WeakPasswordError(f"The password has fewer than {least} characters; use a longer one{shorter}.")
    if len(text) > MAX_LENGTH:
        raise WeakPasswordError(f"The password has more than {MAX_LENGTH} characters; use a shorter one.")
    folded = text.casefold()
    if len(set(folded)) < 5 or _repeats(folded) or _runs(folded):
        raise WeakPasswordError(
            "The password is a repetition or a run of neighbouring keys; use another one."
        )
    if _made_of(folded, _obvious_words() | _pieces(personal)):
        raise WeakPasswordError(
            "The password is a well-known word, or your own name, with a few signs added; use several "
            "unrelated words instead."
        )


def hash_password(password: str) -> str:
    """The argon2id hash (PHC text, RFC 9106 low-memory parameters, random salt) to be stored."""
    with _AT_ONCE:
        return _HASHER.hash(_normal(password))


def verify_password(stored: str | None, password: str) -> bool:
    """Whether the password fits the stored hash; who has none takes as long as who has one."""
    known = stored if stored != NO_PASSWORD else None
    with _AT_ONCE:
        try:
            _HASHER.verify(known or _decoy(), _normal(password)[: MAX_LENGTH + 1])
        except (VerificationError, InvalidHashError):
            return False
    return known is not None


def suffices_alone(password: str) -> bool:
    """Whether the password is long enough to be all that is asked for."""
    return len(_normal(password)) >= MIN_LENGTH


def needs_rehash(stored: str) -> bool:
    """Whether the hash was made with older parameters and should be renewed at the next log-in."""
    return _HASHER.check_needs_rehash(stored)


def _normal(password: str) -> str:
    return unicodedata.normalize("NFKC", password)


@cache
def _decoy() -> str:
    return _HASHER.hash("no user has this password")


@cache
def _obvious_words() -> frozenset[str]:
    text = resources.files("truenav.access").joinpath("obvious_words.txt").read_text("utf-8")
    return frozenset(line for line in text.split() if not line.startswith("#"))


def _pieces(personal: tuple[str, ...]) -> frozenset[str]:
    return frozenset(
        piece for text in personal for piece in re.split(r"[^\w]+", text.casefold()) if len(piece) >= 3
    )


def _repeats(text: str) -> bool:
    """Whether the text is one shorter piece written again and again."""
    return text in (text + text)[1:-1]


def _runs(text: str) -> bool:
    """Whether the text is at most two straight runs along the alphabet, the digits or the keyboard."""
    steps = [text[n : n + 2] for n in range(len(text) - 1)]
    straight = sum(any(step in row or step[::-1] in row for row in _ROWS) for step in steps)
    return straight >= len(steps) - 1


def _made_of(text: str, words: frozenset[str]) -> bool:
    """Whether fewer than four different letters are left once the known words are taken out."""
    for spelled in (text, text.translate(_LEET)):
        rest = spelled
        for word in sorted(words, key=lambda one: (-len(one), one)):
            rest = rest.replace(word, " ")
        if rest != spelled and len({sign for sign in rest if sign.isalpha()}) < 4:
            return True
    return False

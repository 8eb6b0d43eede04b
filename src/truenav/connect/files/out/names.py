"""Names that beancount and hledger take, one for each account, wallet, asset and contract.

Beancount's documentation: a commodity has up to 24 characters out of upper-case letters, digits and
``' . _ -``, begins with a letter and ends with a letter or digit; a part of an account's name begins with an
upper-case letter or a digit and goes on with letters, digits and hyphens. hledger takes all of these.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from truenav.core.canonical import sha256_hex

COMMODITY_LENGTH = 24
_NOT_IN_COMMODITIES = re.compile(r"[^A-Z0-9'._-]+")
_NOT_IN_ACCOUNTS = re.compile(r"[^A-Za-z0-9-]+")
_ENDS = "'._-"
_WORDS = frozenset({"TRUE", "FALSE", "NULL"})
"""They mean something else to beancount."""


@dataclass(slots=True)
class Names:
    """One legal name for each key; the first that wishes for a name gets it, others get a hash behind it."""

    legal: Callable[[str, str], str]
    _given: dict[str, str] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=set)

    def of(self, key: str, wish: str) -> str:
        """The name of a key, always the same."""
        if key not in self._given:
            name = self.legal(wish, "")
            if name in self._taken:
                name = self.legal(wish, sha256_hex(key.encode())[:8].upper())
            self._taken.add(name)
            self._given[key] = name
        return self._given[key]


def commodity(wish: str, suffix: str) -> str:
    """A commodity's name out of any text, ending in ``suffix``."""
    name = _NOT_IN_COMMODITIES.sub("-", wish.upper()).strip(_ENDS)
    if len(name) < 2 or not name[0].isalpha() or name in _WORDS:
        name = f"X-{name or 'ASSET'}"
    if not suffix and len(name) > COMMODITY_LENGTH:
        suffix = sha256_hex(wish.encode())[:8].upper()
    if not suffix:
        return name
    return f"{name[: COMMODITY_LENGTH - len(suffix) - 1].rstrip(_ENDS)}-{suffix}"


def account_part(wish: str, suffix: str) -> str:
    """A part of an account's name out of any text, ending in ``suffix``."""
    name = _NOT_IN_ACCOUNTS.sub("-", wish).strip("-") or "X"
    name = name[0].upper() + name[1:]
    return f"{name}-{suffix}" if suffix else name

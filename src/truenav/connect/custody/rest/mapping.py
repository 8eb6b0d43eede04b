"""The mapping: what a person writes down of a custodian's REST API, checked as it is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar
from urllib.parse import urlsplit

from truenav.core.canonical import canonical_text, decode
from truenav.core.failure import InvalidInputError

MAX_MAPPING = 64 * 1024
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")
_IN_HEADERS = frozenset({"key", "secret", "passphrase", "timestamp", "signature"})
_IN_MESSAGE = frozenset({"key", "passphrase", "timestamp", "method", "path", "query", "path_query"})


class BadMappingError(InvalidInputError):
    """A mapping that cannot be followed; the message names the place."""

    code = "bad-mapping"
    title = "The mapping cannot be used"


class TimeForm(StrEnum):
    """How an instant is written."""

    MILLISECONDS = "ms"
    SECONDS = "s"
    RFC3339 = "rfc3339"


class SecretForm(StrEnum):
    """How the secret's text holds its bytes."""

    TEXT = "text"
    HEX = "hex"
    BASE64 = "base64"


class DigestForm(StrEnum):
    """How a signature's bytes are written."""

    HEX = "hex"
    BASE64 = "base64"


class Digest(StrEnum):
    """The hash of an HMAC."""

    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


@dataclass(frozen=True, slots=True)
class BearerAuth:
    """``Authorization: Bearer`` with the key."""

    TAG: ClassVar[str] = "bearer"


@dataclass(frozen=True, slots=True)
class HeaderAuth:
    """Headers with ``{key}``, ``{secret}`` or ``{passphrase}`` in them."""

    TAG: ClassVar[str] = "header"
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class HmacAuth:
    """Headers with a ``{signature}`` of ``message``.

    The message may name ``{timestamp}``, ``{method}``, ``{path}``, ``{query}``, ``{path_query}`` (with the
    question mark where there is a query), ``{key}`` and ``{passphrase}``.
    """

    TAG: ClassVar[str] = "hmac"
    headers: Mapping[str, str]
    message: str
    digest: Digest = Digest.SHA256
    signature: DigestForm = DigestForm.HEX
    secret: SecretForm = SecretForm.TEXT
    timestamp: TimeForm = TimeForm.MILLISECONDS


Auth = BearerAuth | HeaderAuth | HmacAuth


@dataclass(frozen=True, slots=True)
class CursorPaging:
    """The answer tells the next page's token at ``next``; ``param`` asks for it."""

    TAG: ClassVar[str] = "cursor"
    param: str
    next: str


@dataclass(frozen=True, slots=True)
class NumberPaging:
    """Pages are numbered from ``first``; one with fewer than ``size`` rows is the last."""

    TAG: ClassVar[str] = "page"
    param: str
    size: int
    size_param: str
    first: int = 1


@dataclass(frozen=True, slots=True)
class OffsetPaging:
    """``param`` is the number of rows to leave out; a page with fewer than ``size`` rows is the last."""

    TAG: ClassVar[str] = "offset"
    param: str
    size: int
    size_param: str


Paging = CursorPaging | NumberPaging | OffsetPaging


@dataclass(frozen=True, slots=True)
class VaultList:
    """Where vaults are listed; ``rows`` leads to the list and the others from a row to a field."""

    path: str
    rows: str
    id: str
    name: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Paging | None = None


@dataclass(frozen=True, slots=True)
class BalanceList:
    """Where balances are: one list with a ``vault`` in each row, or one for each ``{vault}`` in ``path``.

    ``total`` and ``locked`` name fields whose sum is meant.
    """

    path: str
    rows: str
    asset: str
    total: tuple[str, ...]
    vault: str = ""
    locked: tuple[str, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Paging | None = None


@dataclass(frozen=True, slots=True)
class Direction:
    """The words of a field for what came in and what went out."""

    field: str
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """The words of a field: completed, under way, waiting for approval (under way, too), without effect."""

    field: str
    done: tuple[str, ...]
    under_way: tuple[str, ...] = ()
    approval: tuple[str, ...] = ()
    dead: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Since:
    """The parameter that says from when on (that instant included), compared with ``created``."""

    param: str
    form: TimeForm


@dataclass(frozen=True, slots=True)
class TransactionList:
    """Where transactions are, the oldest first: a row is seen from its ``vault``.

    ``time`` is when it took effect, ``created`` by what the list is ordered (``time`` where it is not given).
    Without a ``direction`` the sign of ``amount`` tells it. ``other_vault`` holds the other end where that is
    a vault of ours.
    """

    path: str
    rows: str
    id: str
    time: str
    time_form: TimeForm
    vault: str
    asset: str
    amount: str
    status: Status
    direction: Direction | None = None
    created: str = ""
    fee: str = ""
    fee_asset: str = ""
    txid: str = ""
    counterpart: str = ""
    other_vault: str = ""
    since: Since | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    paging: Paging | None = None


@dataclass(frozen=True, slots=True)
class RestMapping:
    """All of it. ``assets`` says what the custodian's codes mean, before the house's aliases are asked."""

    name: str
    base_url: str
    auth: Auth
    balances: BalanceList
    transactions: TransactionList | None = None
    vaults: VaultList | None = None
    assets: Mapping[str, str] = field(default_factory=dict)
    requests_a_minute: int = 60

    @property
    def text(self) -> str:
        """The mapping's canonical JSON: what is noted in the evidence."""
        return canonical_text(self)


def read_mapping(text: str) -> RestMapping:
    """The mapping in a JSON document; raises ``BadMappingError`` naming the place."""
    if len(text) > MAX_MAPPING:
        raise BadMappingError(f"{len(text)} characters are more than the {MAX_MAPPING} of a mapping.")
    try:
        found = decode(RestMapping, json.loads(text))
    except json.JSONDecodeError as error:
        raise BadMappingError(
            f"line {error.lineno}, column {error.colno} is not JSON ({error.msg})."
        ) from error
    except RecursionError as error:
        raise BadMappingError("the mapping is nested too deeply.") from error
    except InvalidInputError as error:
        raise BadMappingError(error.message) from error
    problems = tuple(_problems(found))
    if problems:
        raise BadMappingError(" ".join(problems))
    return found


def _problems(mapping: RestMapping) -> Iterable[str]:
    """What the form alone does not tell."""
    parts = urlsplit(mapping.base_url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.query:
        yield "base_url: an address such as https://api.custodian.example is expected."
    if not 1 <= mapping.requests_a_minute <= 6000:
        yield "requests_a_minute: a number from 1 to 6000 is expected."
    yield from _auth_problems(mapping.auth)
    lists = {"balances": mapping.balances, "transactions": mapping.transactions, "vaults": mapping.vaults}
    for name, one in lists.items():
        if one is None:
            continue
        if not one.path.startswith("/") or "?" in one.path or "://" in one.path:
            yield f"{name}.path: a path such as /v1/{name} is expected; parameters stand in params."
        unknown = set(_PLACEHOLDER.findall(one.path)) - ({"vault"} if name == "balances" else set())
        if unknown:
            yield f"{name}.path: {{{min(unknown)}}} is not known there."
        if isinstance(one.paging, NumberPaging | OffsetPaging) and one.paging.size < 1:
            yield f"{name}.paging.size: a page has at least one row."
    if bool(mapping.balances.vault) == ("{vault}" in mapping.balances.path):
        yield "balances: name the vault's field in vault, or write {vault} in path: one of both."
    if not mapping.balances.total:
        yield "balances.total: at least one field is needed."
    if mapping.transactions is not None:
        yield from _word_problems(mapping.transactions)


def _word_problems(one: TransactionList) -> Iterable[str]:
    words = [*one.status.done, *one.status.under_way, *one.status.approval, *one.status.dead]
    if not one.status.done:
        yield "transactions.status.done: at least one word is needed."
    if len(words) != len(set(words)):
        yield "transactions.status: a word stands in two lists."
    if one.direction is not None and set(one.direction.incoming) & set(one.direction.outgoing):
        yield "transactions.direction: a word is both incoming and outgoing."


def _auth_problems(auth: Auth) -> Iterable[str]:
    if isinstance(auth, BearerAuth):
        return
    for name, value in auth.headers.items():
        if _HEADER.fullmatch(name) is None or not value.isascii() or not value.isprintable():
            yield f"auth.headers: {name[:64]!r} is no header of printable ASCII text."
        if unknown := set(_PLACEHOLDER.findall(value)) - _IN_HEADERS:
            yield f"auth.headers.{name}: {{{min(unknown)}}} is not known there."
    if isinstance(auth, HmacAuth):
        if unknown := set(_PLACEHOLDER.findall(auth.message)) - _IN_MESSAGE:
            yield f"auth.message: {{{min(unknown)}}} is not known there."
        if not any("{signature}" in value for value in auth.headers.values()):
            yield "auth.headers: no header carries the {signature}."


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with its placeholders replaced; nothing else in braces is touched."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)

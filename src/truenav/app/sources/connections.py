"""Connections: a key is checked at the venue before it is kept, and kept encrypted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.app.sources.model import Connection
from truenav.app.sources.opening import ask_once, open_source
from truenav.connect.contract import AccountConnector, Credentials, KeyCheck, refuse_unsafe_key
from truenav.connect.errors import KeyForbiddenError
from truenav.core.account import Account
from truenav.core.canonical import canonical_json
from truenav.core.failure import InvalidInputError
from truenav.core.ids import ConnectionId, parse_slug
from truenav.store import audit, definitions
from truenav.store.database import Session
from truenav.store.definitions import Definition, DefinitionNotFoundError, Kind
from truenav.store.secrets import SecretNotFoundError


@dataclass(frozen=True, slots=True)
class CheckedConnection:
    """A connection that was kept, with what its venue said of the key (None: it has none)."""

    connection: Connection
    check: KeyCheck | None
    notes: tuple[str, ...]


def check_key(
    house: House, connection: Connection, credentials: Credentials
) -> tuple[KeyCheck, tuple[str, ...]]:
    """Ask the venue about a key; refuses one that may withdraw, trade, or does not work.

    Nothing of the answers is archived: they belong to no account yet.
    """
    source, base_url = open_source(connection)
    if not isinstance(source, AccountConnector):
        raise InvalidInputError(f"{connection.connector!r} reads no accounts, so it takes no key to check.")
    check = ask_once(house, source, base_url, lambda api: source.check_key(api, credentials))
    return check, refuse_unsafe_key(check)


def add_connection(
    session: Session,
    house: House,
    principal: Principal,
    connection: Connection,
    credentials: Credentials | None,
) -> CheckedConnection:
    """Check the key at the venue, then keep the connection and, encrypted, the key.

    An existing connection of the same id gets the new values. Without a key its stored one stays, unless
    the connection would send it to another venue or address.
    """
    authorize(principal, "source:write", Resource(principal.tenant, "connection", connection.id))
    parse_slug(connection.id, what="connection")
    kept = _keeps_key(session, connection) and stored_key(session, house, connection) is not None
    _refuse_unfit(session, connection, has_key=credentials is not None or kept)
    check: KeyCheck | None = None
    notes: tuple[str, ...] = ()
    if credentials is not None and connection.account is not None:
        check, notes = check_key(house, connection, credentials)
    now = house.clock.now()
    definitions.put(session, Kind.CONNECTION, connection.id, connection, by=principal.user, at=now)
    if credentials is not None:
        house.vault.put(session, connection.secret_name, canonical_json(asdict(credentials)), at=now)
    elif not kept:
        house.vault.delete(session, connection.secret_name)
    detail = {
        "connector": connection.connector,
        "account": connection.account,
        "key": credentials is not None,
    }
    _audit(session, house, principal, "connection.put", connection.id, detail)
    return CheckedConnection(connection, check, notes)


def stored_key(session: Session, house: House, connection: Connection) -> Credentials | None:
    """The key kept for a connection; None where it has none."""
    try:
        kept = house.vault.get(session, connection.secret_name)
    except SecretNotFoundError:
        return None
    return Credentials(**json.loads(kept))


def check_connection(session: Session, house: House, principal: Principal, id: str) -> CheckedConnection:
    """Ask the venue of a connection about its stored key again."""
    authorize(principal, "source:read", Resource(principal.tenant, "connection", id))
    connection = definitions.get(session, Kind.CONNECTION, id, Connection)
    key = stored_key(session, house, connection)
    if key is None or connection.account is None:
        return CheckedConnection(connection, None, ("No key is stored: public data only.",))
    return CheckedConnection(connection, *check_key(house, connection, key))


def list_connections(session: Session, principal: Principal) -> tuple[Definition[Connection], ...]:
    """All connections, by id; keys are never shown."""
    authorize(principal, "source:read")
    return definitions.list_all(session, Kind.CONNECTION, Connection)


def remove_connection(session: Session, house: House, principal: Principal, id: str) -> None:
    """Forget a connection and its key; what was gathered through it stays."""
    authorize(principal, "source:write", Resource(principal.tenant, "connection", id))
    found = definitions.get(session, Kind.CONNECTION, id, Connection)
    definitions.delete(session, Kind.CONNECTION, id, by=principal.user, at=house.clock.now())
    house.vault.delete(session, found.secret_name)
    _audit(session, house, principal, "connection.delete", ConnectionId(id), {})


def _keeps_key(session: Session, connection: Connection) -> bool:
    """Whether the key stored for this id may serve the connection as it shall be."""
    try:
        before = definitions.get(session, Kind.CONNECTION, connection.id, Connection)
    except DefinitionNotFoundError:
        return False
    return (before.connector, before.account, before.base_url, before.settings) == (
        connection.connector,
        connection.account,
        connection.base_url,
        connection.settings,
    )


def _refuse_unfit(session: Session, connection: Connection, *, has_key: bool) -> None:
    source, _ = open_source(connection)
    if connection.account is None:
        return
    account = definitions.get(session, Kind.ACCOUNT, connection.account, Account)
    any_wallet = isinstance(source, AccountConnector) and not source.manifest.wallets
    wallets = (*source.manifest.wallets, *source.manifest.more_wallets)
    if not any_wallet and (unknown := set(account.wallets) - set(wallets)):
        raise InvalidInputError(
            f"{source.manifest.title} has no wallet {min(unknown)!r}; it has {', '.join(wallets)}."
        )
    if source.manifest.credentials and not has_key:
        wanted = ", ".join(source.manifest.credentials)
        raise KeyForbiddenError(f"{source.manifest.title} needs a key ({wanted}) to read an account.")


def _audit(
    session: Session,
    house: House,
    principal: Principal,
    action: str,
    subject: str,
    detail: Mapping[str, object],
) -> None:
    audit.append(
        session, actor=principal.user, action=action, subject=subject, at=house.clock.now(), detail=detail
    )

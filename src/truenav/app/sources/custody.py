"""Custodians asked directly: which vaults a key sees, and what waits for approval. Nothing of it is kept."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.app.sight import sight_of
from truenav.app.sources.connections import stored_key
from truenav.app.sources.context import parse_context
from truenav.app.sources.model import Connection
from truenav.app.sources.opening import ask_once, open_source
from truenav.connect.contract import Credentials
from truenav.connect.custody.contract import Approval, Custodian, Vault
from truenav.connect.errors import KeyForbiddenError
from truenav.connect.transport import Transport
from truenav.core.account import Account
from truenav.core.failure import InvalidInputError
from truenav.core.ids import AccountId
from truenav.store import definitions
from truenav.store.database import Session
from truenav.store.definitions import DefinitionNotFoundError, Kind

T = TypeVar("T")


def list_vaults(
    house: House, principal: Principal, connection: Connection, credentials: Credentials
) -> tuple[Vault, ...]:
    """The vaults that a key sees, before there is an account that names them as its wallets."""
    authorize(principal, "source:write", Resource(principal.tenant, "connection", connection.id))
    return _ask(house, connection, lambda source, api: source.vaults(api, credentials))


def list_approvals(session: Session, house: House, principal: Principal, id: str) -> tuple[Approval, ...]:
    """What waits for approval in the vaults of a connection's account, asked now."""
    authorize(principal, "source:read", Resource(principal.tenant, "connection", id))
    connection = definitions.get(session, Kind.CONNECTION, id, Connection)
    if connection.account is not None:
        refuse_unseen(session, principal, connection.account)
    key = stored_key(session, house, connection)
    if key is None or connection.account is None:
        raise KeyForbiddenError(f"{id}: no key is stored for it, so nothing can be asked.")
    account = definitions.get(session, Kind.ACCOUNT, connection.account, Account)
    context = parse_context(session)
    return _ask(house, connection, lambda source, api: source.approvals(api, account, key, context))


def refuse_unseen(session: Session, principal: Principal, account: AccountId) -> None:
    """Raise ``DefinitionNotFoundError`` for an account out of the principal's sight."""
    if not sight_of(session, principal).sees_account(account):
        raise DefinitionNotFoundError(f"There is no account {account!r}. List those that exist.")


def _ask(house: House, connection: Connection, what: Callable[[Custodian, Transport], Awaitable[T]]) -> T:
    source, base_url = open_source(connection)
    if not isinstance(source, Custodian):
        raise InvalidInputError(f"{source.manifest.title} is no custodian: it has no vaults and approvals.")
    return ask_once(house, source, base_url, lambda api: what(source, api), account=connection.account or "")

"""Trading keys: checked at the venue before they are kept, encrypted, apart from the keys that read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.app.sources.connections import stored_key
from truenav.app.sources.model import Connection
from truenav.app.sources.opening import ask_once, open_source
from truenav.connect.contract import Credentials, KeyCheck, Right, refuse_unsafe_key
from truenav.connect.errors import KeyForbiddenError, VenueError
from truenav.connect.registry import installed
from truenav.connect.trading import OrderingConnector
from truenav.core.canonical import canonical_json
from truenav.core.failure import InvalidInputError
from truenav.core.ids import AccountId
from truenav.store import audit, definitions
from truenav.store.database import Session
from truenav.store.definitions import Definition, Kind
from truenav.store.secrets import SecretNotFoundError


class NoTradingError(InvalidInputError):
    """Orders of this account cannot be sent anywhere."""

    code = "no-trading"
    title = "Nothing can be traded for this account"


class OthersKeyError(InvalidInputError):
    """The trading key would send orders to another account than the one that is read."""

    code = "others-key"
    title = "The key belongs to another account"


@dataclass(frozen=True, slots=True)
class TradingKey:
    """What is told of a trading key: its rights as the venue said them when it was entered, never the key.

    ``identity`` is the venue's own number of the account, empty where it tells none. When and by whom it was
    entered is in its `Definition`.
    """

    account: AccountId
    read: Right
    trade: Right
    withdraw: Right
    identity: str
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CheckedKey:
    """What the venue says of a trading key now, and what to look at."""

    check: KeyCheck
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Venue:
    """Where orders of an account go: the venue of its connection, asked at the same address."""

    account: AccountId
    connection: Connection
    source: OrderingConnector
    base_url: str | None


def put_key(
    session: Session, house: House, principal: Principal, account: AccountId, credentials: Credentials
) -> CheckedKey:
    """Check a trading key at the account's venue and keep it, in place of one that is there.

    Refuses one that may withdraw, that may not trade, or that is another account's.
    """
    authorize(principal, "trade:key", Resource(principal.tenant, "account", account))
    venue = venue_of(session, account)
    check = _check(house, venue, credentials)
    notes = (*refuse_unfit_key(check), *_refuse_others(session, house, venue, check))
    now = house.clock.now()
    told = TradingKey(account, check.read, check.trade, check.withdraw, check.identity, notes)
    house.vault.put(session, _secret(account), canonical_json(asdict(credentials)), at=now)
    definitions.put(session, Kind.TRADING_KEY, account, told, by=principal.user, at=now)
    audit.append(session, actor=principal.user, action="trade.key", subject=account, at=now, detail={})
    return CheckedKey(check, notes)


def check_key(session: Session, house: House, principal: Principal, account: AccountId) -> CheckedKey:
    """Ask the venue about the kept trading key again; refused as it would be before each run of orders."""
    authorize(principal, "trade:key", Resource(principal.tenant, "account", account))
    check = _check(house, venue_of(session, account), trading_key(session, house, account))
    return CheckedKey(check, refuse_unfit_key(check))


def remove_key(session: Session, house: House, principal: Principal, account: AccountId) -> None:
    """Forget an account's trading key: nothing is ordered any more, and working orders are not followed."""
    authorize(principal, "trade:key", Resource(principal.tenant, "account", account))
    now = house.clock.now()
    definitions.delete(session, Kind.TRADING_KEY, account, by=principal.user, at=now)
    house.vault.delete(session, _secret(account))
    audit.append(session, actor=principal.user, action="trade.key-removed", subject=account, at=now)


def entered_keys(session: Session) -> dict[str, Definition[TradingKey]]:
    """What is told of each trading key, by account."""
    return {one.id: one for one in definitions.list_all(session, Kind.TRADING_KEY, TradingKey)}


def trading_key(session: Session, house: House, account: AccountId) -> Credentials:
    """The account's trading key; ``NoTradingError`` where there is none."""
    try:
        return Credentials(**json.loads(house.vault.get(session, _secret(account))))
    except SecretNotFoundError as error:
        raise NoTradingError(f"{account} has no trading key; enter one.") from error


def has_trading_key(session: Session, house: House, account: AccountId) -> bool:
    """Whether orders of the account may still be sent: its key was not removed meanwhile."""
    return _secret(account) in house.vault.names(session)


def venue_of(session: Session, account: AccountId) -> Venue:
    """Where the account's orders go; ``NoTradingError`` where none are taken."""
    for venue in venues(session, account):
        return venue
    raise NoTradingError(
        f"{account} has no connection that is switched on and whose venue takes orders from here; add one."
    )


def venues(session: Session, account: AccountId | None = None) -> Iterator[Venue]:
    """Every connection over which orders could be sent, by id; of one account its first is the one."""
    for connection in definitions.bodies(session, Kind.CONNECTION, Connection):
        of = connection.account
        if of is None or account not in (None, of) or not connection.enabled:
            continue
        if installed(connection.connector) is None:  # it was taken out of the installation
            continue
        source, base_url = open_source(connection)
        if isinstance(source, OrderingConnector):
            yield Venue(of, connection, source, base_url)


def refuse_unfit_key(check: KeyCheck) -> tuple[str, ...]:
    """Refuse a key that may withdraw, or that certainly may not trade; give the notes to show."""
    notes = refuse_unsafe_key(check, read_only=False)
    if check.trade is Right.NO:
        raise KeyForbiddenError("The key may not trade. Create one with trading, and without withdrawing.")
    return notes


def _check(house: House, venue: Venue, credentials: Credentials) -> KeyCheck:
    return ask_once(
        house,
        venue.source,
        venue.base_url,
        lambda api: venue.source.check_key(api, credentials),
        account=venue.account,
    )


def _refuse_others(session: Session, house: House, venue: Venue, check: KeyCheck) -> tuple[str, ...]:
    """Refuse a key that is not of the account that the connection reads; a note where nobody can tell."""
    reading = stored_key(session, house, venue.connection)
    unsure = (f"Whether it belongs to the account that {venue.connection.id} reads could not be verified.",)
    if reading is None:
        return unsure
    try:
        read = _check(house, venue, reading).identity
    except VenueError:
        return unsure
    if not (read and check.identity):
        return unsure
    if read != check.identity:
        raise OthersKeyError(
            f"The key trades for account {check.identity} of {venue.source.manifest.title}, the connection "
            f"{venue.connection.id} reads {read}. Enter a key of the account that is read."
        )
    return ()


def _secret(account: AccountId) -> str:
    return f"trading/{account}"

"""Definitions that people keep: one way to list, read, write and delete all of them.

A catalogue names a kind of definition, its type, the actions that guard it, and the check that the whole
must pass before a change is kept. Commands and endpoints use the same catalogues.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from truenav.access.policy import Principal, Resource, authorize
from truenav.app.house import House
from truenav.app.sight import Sight
from truenav.core.canonical import canonical_json, decode, encode, sha256_hex
from truenav.core.failure import InvalidInputError
from truenav.core.names import refuse_bad_texts
from truenav.store import audit, definitions
from truenav.store.database import Session
from truenav.store.definitions import Definition, Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Catalogue(Generic[T]):
    """All definitions of one kind.

    ``check`` sees the transaction with the change already made and raises to refuse it. ``seen`` says whether
    somebody who sees some nodes only sees this one; what has nothing to do with nodes is seen by all.
    """

    kind: Kind
    cls: type[T]
    read: str
    write: str
    id_of: Callable[[T], str]
    check: Callable[[Session, T], None]
    seen: Callable[[Sight, T], bool] = lambda sight, body: True

    def list_all(self, session: Session, principal: Principal) -> tuple[Definition[T], ...]:
        """The newest version of each, by id."""
        authorize(principal, self.read)
        return definitions.list_all(session, self.kind, self.cls)

    def list_page(
        self, session: Session, principal: Principal, sight: Sight, *, after: str | None, limit: int
    ) -> tuple[Definition[T], ...]:
        """The newest version of at most ``limit`` in sight, by id, of those that come after ``after``."""
        authorize(principal, self.read)
        if sight.nodes is not None:
            every = self.list_all(session, principal)
            return tuple(one for one in every if one.id > (after or "") and self.seen(sight, one.body))[
                :limit
            ]
        return definitions.list_page(session, self.kind, self.cls, after=after or "", limit=limit)

    def find(
        self, session: Session, principal: Principal, id: str, sight: Sight | None = None
    ) -> Definition[T]:
        """The newest version of one; ``DefinitionNotFoundError`` when there is none, or none in sight."""
        authorize(principal, self.read)
        found = definitions.find(session, self.kind, id, self.cls)
        if sight is not None and not self.seen(sight, found.body):
            raise definitions.not_found(self.kind, id)
        return found

    def parse(self, data: object) -> T:
        """A definition from JSON data; refuses wrong forms, unknown fields and endless texts by name."""
        body = decode(self.cls, data)
        self._refuse_bad_texts(body)
        return body

    def put(
        self,
        session: Session,
        house: House,
        principal: Principal,
        body: T,
        *,
        expected_version: int | None = None,
    ) -> Definition[T]:
        """Write a new version; refused if the whole would not hold together with it."""
        version = self._write(session, house, principal, body, expected_version)
        self.check(session, body)
        self._audit_put(session, house, principal, body, version)
        return definitions.find(session, self.kind, self.id_of(body), self.cls)

    def put_many(
        self, session: Session, house: House, principal: Principal, bodies: Sequence[T]
    ) -> tuple[Definition[T], ...]:
        """Write several at once; each is checked when all are there, so they may need one another."""
        ids = [self.id_of(body) for body in bodies]
        if double := next((id for id in ids if ids.count(id) > 1), None):
            raise InvalidInputError(f"{self.kind} {double!r} is given twice; leave one of them out.")
        versions = [self._write(session, house, principal, body, None) for body in bodies]
        for body in bodies:
            self.check(session, body)
        for body, version in zip(bodies, versions, strict=True):
            self._audit_put(session, house, principal, body, version)
        return tuple(definitions.find(session, self.kind, id, self.cls) for id in ids)

    def _write(
        self, session: Session, house: House, principal: Principal, body: T, expected_version: int | None
    ) -> int:
        id = self.id_of(body)
        authorize(principal, self.write, Resource(principal.tenant, self.kind, id))
        if not id or len(id) > 200 or not id.isprintable():
            raise InvalidInputError(f"{self.kind} id {id[:60]!r}: use 1 to 200 printable characters.")
        self._refuse_bad_texts(body)
        return definitions.put(
            session,
            self.kind,
            id,
            body,
            by=principal.user,
            at=house.clock.now(),
            expected_version=expected_version,
        )

    def _refuse_bad_texts(self, body: T) -> None:
        refuse_bad_texts(encode(body), what=f"{self.kind} {self.id_of(body)[:60]!r}")

    def _audit_put(self, session: Session, house: House, principal: Principal, body: T, version: int) -> None:
        detail = {"version": version, "sha256": _sha(body)}
        self._audit(session, house, principal, "put", self.id_of(body), detail)

    def delete(
        self,
        session: Session,
        house: House,
        principal: Principal,
        id: str,
        *,
        expected_version: int | None = None,
    ) -> None:
        """End a definition; its versions stay readable. Refused while others need it."""
        authorize(principal, self.write, Resource(principal.tenant, self.kind, id))
        body = definitions.get(session, self.kind, id, self.cls)
        definitions.delete(
            session,
            self.kind,
            id,
            by=principal.user,
            at=house.clock.now(),
            expected_version=expected_version,
        )
        self.check(session, body)
        self._audit(session, house, principal, "delete", id, {})

    def _audit(
        self,
        session: Session,
        house: House,
        principal: Principal,
        verb: str,
        id: str,
        detail: dict[str, Any],
    ) -> None:
        audit.append(
            session,
            actor=principal.user,
            action=f"{self.kind}.{verb}",
            subject=id,
            at=house.clock.now(),
            detail=detail,
        )


def no_check(session: Session, body: object) -> None:
    """For definitions that stand alone."""
    del session, body


def _sha(body: object) -> str:
    return sha256_hex(canonical_json(body))

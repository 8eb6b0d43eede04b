"""What a person writes down of a session."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from truenav.core.canonical import decode
from truenav.core.failure import InvalidInputError

_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")
_NAME = re.compile(r"[!-~]{1,64}")


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """A session: ``sender`` is our name (CompID) and ``target`` the desk's; ``heartbeat`` in seconds."""

    name: str
    host: str
    port: int
    sender: str
    target: str
    tls: bool = True
    heartbeat: int = 30

    @property
    def url(self) -> str:
        """Where the session stands; ``https`` means with TLS."""
        return f"{'https' if self.tls else 'http'}://{self.host}:{self.port}"


def read_settings(text: str) -> SessionSettings:
    """The settings in a JSON document; raises ``InvalidInputError`` naming the place."""
    try:
        found = decode(SessionSettings, json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"line {error.lineno}, column {error.colno} is not JSON ({error.msg})."
        ) from error
    if _HOST.fullmatch(found.host) is None or not 0 < found.port < 65_536:
        raise InvalidInputError("host and port: a name such as fix.desk.example and a number to 65535.")
    if not (_NAME.fullmatch(found.sender) and _NAME.fullmatch(found.target)):
        raise InvalidInputError("sender and target: names of up to 64 visible ASCII characters.")
    if not 1 <= found.heartbeat <= 300:
        raise InvalidInputError("heartbeat: seconds from 1 to 300.")
    return found

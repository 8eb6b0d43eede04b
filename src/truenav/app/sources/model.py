"""What this slice keeps as definitions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from truenav.core.ids import AccountId, ConnectionId


@dataclass(frozen=True, slots=True)
class Connection:
    """How one account, or one public price source, is read.

    ``account`` None: public data only (prices). ``base_url`` None: the venue's own hosts. ``since``: the
    instant from which history is read at the first gathering. ``settings``: what completes a connector that
    serves many (a mapping, the names of a session), as JSON text. The key lies apart, encrypted, under
    ``secret_name``.
    """

    id: ConnectionId
    connector: str
    account: AccountId | None
    since: datetime
    base_url: str | None = None
    enabled: bool = True
    settings: str = ""

    @property
    def secret_name(self) -> str:
        """Name of the stored key."""
        return f"connection/{self.id}"

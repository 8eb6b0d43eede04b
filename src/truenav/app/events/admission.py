"""Who opened a stream, and whether they may still listen: a stream outlives the request that opened it."""

from __future__ import annotations

import random
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from truenav.access.modules import refuse_module_off
from truenav.access.policy import authorize
from truenav.app.events.service import News
from truenav.app.house import House
from truenav.app.http.login import Caller
from truenav.core.failure import UnavailableError
from truenav.store.audit import RIGHTS

CHECK_SECONDS = 15.0
"""News tell at once when somebody changes rights; this finds what nobody does, as a log-in that runs out."""


def until_check() -> float:
    """Seconds until the next check, at most `CHECK_SECONDS`; streams that began together ask apart."""
    return random.uniform(0.5, 1) * CHECK_SECONDS  # noqa: S311 - spreads questions, guards nothing


class ReadAnewError(UnavailableError):
    """What the stream tells no longer follows from what its reader has."""

    code = "read-anew"
    title = "The stream must be opened anew"


@dataclass(frozen=True, slots=True)
class Admission:
    """What lets a caller listen: an action, and the ``module`` that the stream belongs to (None: to none)."""

    house: House
    caller: Caller
    action: str
    module: str | None = None

    def concerned_by(self, news: News) -> bool:
        """Whether these news are a reason to `check`: they say that the caller's rights may have changed."""
        user = self.caller.principal.user
        return news["kind"] == RIGHTS and user in news.get("of", (user,))

    async def check(self) -> None:
        """Raise what ends the stream: a refusal, or ``ReadAnewError`` where the caller's rights changed."""
        await run_in_threadpool(self._check)

    def _check(self) -> None:
        present = self.house.access.authenticate(self.caller.token, in_use=False)
        refuse_module_off(self.module, present.modules_off)
        authorize(present, self.action)
        if present != self.caller.principal:
            raise ReadAnewError("Your rights changed; open the stream anew.")

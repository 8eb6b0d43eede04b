"""A small client of the HTTP API: strike, wait, approve, publish, fetch the bundle, verify it here.

>>> with Client("http://127.0.0.1:8800", token) as house:  # doctest: +SKIP
...     run = house.wait(house.strike("alpha"))
...     bundle = house.bundle(run)  # once another person approved, and it is published
...     house.verify(bundle, key=fingerprint).verdict
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from truenav.core.canonical import decode, sha256_hex
from truenav.core.clock import instant_text, parse_instant
from truenav.core.failure import TruenavError, UnavailableError

if TYPE_CHECKING:
    import httpx

    from truenav.app.proof.verify import Verification
    from truenav.calc.nav.model import NavResult

_POLL_SECONDS = 0.25


class RefusedError(TruenavError):
    """The server refused; ``status`` and ``problem`` (RFC 9457) say why."""

    code = "refused"
    title = "The server refused the request"

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(str(problem.get("detail") or f"The server answered {status}."))
        self.status_code = status
        self.problem = problem


class ServerUnreachableError(UnavailableError):
    """No answer came."""

    code = "server-unreachable"


class NotInTimeError(UnavailableError):
    """A run was not calculated in the time given; it goes on."""

    code = "not-in-time"


@dataclass(frozen=True, slots=True)
class NavRun:
    """A NAV run as the server last told of it; ``job`` is the work that calculates it, where known."""

    id: str
    fund: str
    as_of: datetime
    state: str
    quality: str | None
    result_sha: str | None
    bundle_sha: str | None
    job: str | None = None

    @classmethod
    def of(cls, data: Mapping[str, Any], job: str | None = None) -> Self:
        """A run from the server's answer; fields that this version does not know are left out."""
        return cls(
            id=data["id"],
            fund=data["fund"],
            as_of=parse_instant(data["as_of"]),
            state=data["state"],
            quality=data["quality"],
            result_sha=data["result_sha"],
            bundle_sha=data["bundle_sha"],
            job=job,
        )


class Client:
    """Speaks for one API token, whose scopes limit it (``nav:read``, ``job:read``, ``nav:strike``, ...).

    Every change carries an idempotency key of its own, or the one that is given: after a lost answer, call
    again with the same key. Refusals are ``RefusedError``, silence is ``ServerUnreachableError``.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout_seconds: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        import httpx

        self._http = httpx.Client(
            base_url=f"{base_url.rstrip('/')}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout_seconds,
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def strike(
        self, fund: str, *, as_of: datetime | None = None, idempotency_key: str | None = None
    ) -> NavRun:
        """Have the NAV of a fund struck: live, or of a past instant; ``wait`` for its result."""
        body = {"fund": fund} | ({} if as_of is None else {"as_of": instant_text(as_of)})
        struck = self._change("/nav/runs", body, idempotency_key).json()
        return NavRun.of(struck["run"], struck["job"])

    def run(self, run: str) -> NavRun:
        """One run as it is now."""
        return NavRun.of(self._ask("GET", f"/nav/runs/{run}").json())

    def wait(self, run: NavRun, *, timeout_seconds: float = 300.0) -> NavRun:
        """The run once it is calculated; ``RefusedError`` if its job failed, else ``NotInTimeError``."""
        end = time.monotonic() + timeout_seconds
        while (now := self.run(run.id)).state == "collecting":
            if run.job is not None:
                self._refuse_failed(run.job)
            if time.monotonic() >= end:
                raise NotInTimeError(f"Run {run.id!r} is still collecting; wait on, or look at its job.")
            time.sleep(_POLL_SECONDS)
        return now

    def result(self, run: NavRun) -> NavResult:
        """The result of a calculated run; refused unless its bytes have the run's ``result_sha``."""
        from truenav.calc.nav.model import NavResult

        data = self._ask("GET", f"/nav/runs/{run.id}/result").content
        if sha256_hex(data) != run.result_sha:
            raise RefusedError(409, {"detail": f"Run {run.id!r} holds another result by now; read it again."})
        return decode(NavResult, json.loads(data))

    def approve(self, run: NavRun, *, note: str = "", idempotency_key: str | None = None) -> NavRun:
        """Approve what ``run`` showed; refused if the server holds another result, or you struck it."""
        body = {"result_sha": run.result_sha, "note": note}
        return NavRun.of(self._change(f"/nav/runs/{run.id}/approve", body, idempotency_key).json())

    def publish(self, run: NavRun, *, idempotency_key: str | None = None) -> NavRun:
        """Make an approved run final, with its evidence bundle."""
        return NavRun.of(self._change(f"/nav/runs/{run.id}/publish", None, idempotency_key).json())

    def bundle(self, run: NavRun) -> bytes:
        """The evidence bundle of a published run: a zip archive."""
        return self._ask("GET", f"/nav/runs/{run.id}/bundle").content

    def signing_key(self) -> str:
        """The fingerprint of the key that signs; note it once, and compare bundles with your note."""
        return str(self._ask("GET", "/nav/signing-key").json()["fingerprint"])

    @staticmethod
    def verify(bundle: bytes, *, key: str | None = None) -> Verification:
        """Check a bundle on this machine, asking no server; see ``truenav.verify_bundle``."""
        from truenav.app.proof.verify import verify_bundle

        return verify_bundle(bundle, key=key)

    def _refuse_failed(self, job: str) -> None:
        found = self._ask("GET", f"/jobs/{job}").json()
        if found["state"] == "failed":
            raise RefusedError(409, {"detail": f"The run could not be calculated: {found['error']}"})

    def _change(self, path: str, body: object, key: str | None) -> httpx.Response:
        return self._ask("POST", path, body=body, headers={"Idempotency-Key": key or str(uuid.uuid4())})

    def _ask(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        import httpx

        try:
            answer = self._http.request(method, path, json=body, headers=headers)
        except httpx.TransportError as error:
            raise ServerUnreachableError(
                f"{method} {path}: no answer ({type(error).__name__}). Check the address and the server."
            ) from error
        if answer.is_success:
            return answer
        try:
            problem = answer.json()
        except ValueError:
            problem = {}
        raise RefusedError(answer.status_code, problem if isinstance(problem, dict) else {})

"""The last step of every answer: whoever may see less gets less, whatever the endpoint gave."""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response

from truenav.access.masking import mask, refuse_raw
from truenav.access.policy import Principal
from truenav.app.sight import fund_ids
from truenav.core.failure import ForbiddenError

HEADER = "X-Truenav-Masked"
"""Names what is hidden in an answer, so that a page can say so."""

_OWN = frozenset({"self:read", "self:write", "holding:read", "tenant:read", "tenant:write"})
_JSON = ("application/json", "application/problem+json")


class OutOfSightError(ForbiddenError):
    """What was asked for speaks of the whole tenant, and the caller sees a part of it."""

    code = "out-of-sight"
    title = "You see a part of the portfolio only"


def refuse_sight(principal: Principal, action: str, *, narrowed: bool, streams: bool) -> None:
    """Refuse what does not narrow itself to who sees some nodes only, and its streams to who has masks."""
    if narrowed or action in _OWN:
        return
    if principal.nodes is not None:
        raise OutOfSightError(
            "This shows the whole tenant, and you see some funds or strategies only. Ask an administrator.",
            action=action,
        )
    if streams:
        refuse_raw(principal.masks, "This stream")


def masked_response(response: Response, request: Request, *, narrowed: bool) -> Response:
    """The answer without what the caller's roles hide; ``MaskedError`` for bytes that cannot be masked.

    An answer that ``narrowed`` itself is trusted with its own bytes; JSON is masked in any case.
    """
    principal: Principal = request.state.caller.principal
    body = getattr(response, "body", b"")
    if response.status_code in (204, 304):
        return response
    if response.headers.get("content-type", "").partition(";")[0] not in _JSON:
        if not narrowed:
            refuse_raw(principal.masks, "This file")
        return response
    shown = mask(json.loads(body), principal.masks, funds=fund_ids(request.state.session))
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Response(
        json.dumps(shown, ensure_ascii=False, separators=(",", ":")),
        status_code=response.status_code,
        headers={**headers, HEADER: ", ".join(sorted(principal.masks))},
        background=response.background,
    )

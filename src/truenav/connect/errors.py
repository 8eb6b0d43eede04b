"""Refusals of the outside world; each message names the venue, what was asked, and the mend."""

from __future__ import annotations

from truenav.core.failure import (
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TruenavError,
    UnavailableError,
)


class VenueError(TruenavError):
    """A venue did not give what was asked."""

    code = "venue-error"
    title = "The venue refused the request"
    status = 502
    exit_code = 6


class VenueUnavailableError(VenueError, UnavailableError):
    """No answer, an answer of the 5xx kind, or an open circuit breaker."""

    code = "venue-unavailable"
    title = "The venue does not answer"
    status = 503


class RateLimitedError(VenueUnavailableError):
    """The venue asks for patience beyond what one gathering waits."""

    code = "rate-limited"
    title = "The venue's rate limit is reached"


class VenueStoppedError(VenueUnavailableError):
    """The venue banned our address for a time (HTTP 418); nothing is asked until it ends."""

    code = "venue-stopped"
    title = "The venue has banned this address for a time"


class VenueNotAllowedError(VenueError):
    """The address of the venue leads into a private network, and the installation does not allow that."""

    code = "venue-not-allowed"
    title = "This address may not be asked"
    status = 403


class KeyRevokedError(VenueError):
    """The key, secret or passphrase is not (or no longer) valid."""

    code = "key-revoked"
    title = "The venue does not accept the key"


class KeyForbiddenError(VenueError):
    """The key is valid but may not read this."""

    code = "key-forbidden"
    title = "The key may not read this"


class ClockSkewError(VenueError):
    """The venue refuses our time stamps."""

    code = "clock-skew"
    title = "The clock differs from the venue's"


class MalformedPayloadError(VenueError):
    """An answer that is not what the venue documents: an HTML page, half a page, a missing field."""

    code = "malformed-payload"
    title = "The answer has not the documented form"


class IncompletePagesError(VenueError):
    """A page set does not connect: the row that must repeat on the next page is not there."""

    code = "incomplete-pages"
    title = "A page of the history is missing"


class KeyMayWithdrawError(ForbiddenError):
    """A key with the right to withdraw is refused always."""

    code = "key-may-withdraw"
    title = "The key may withdraw"


class KeyMayTradeError(ForbiddenError):
    """A key with the right to trade is refused on a connection that only reads."""

    code = "key-may-trade"
    title = "The key may trade"


class UnknownConnectorError(NotFoundError):
    """No connector of this name is installed."""

    code = "unknown-connector"
    title = "Unknown connector"


class UnknownEndpointError(NotFoundError):
    """The connector has no parser of this name."""

    code = "unknown-endpoint"
    title = "Unknown endpoint"


class ImportRefusedError(InvalidInputError):
    """A file cannot be read as a whole: wrong encoding, too large, unknown template."""

    code = "import-refused"
    title = "The file cannot be imported"

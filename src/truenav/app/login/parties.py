"""Who we are to authenticators and identity providers: the address that people open."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from truenav.access.passkeys import RelyingParty
from truenav.app.settings import Settings
from truenav.core.failure import InvalidInputError


class NoPublicAddressError(InvalidInputError):
    """The address that the browser has open is not one that passkeys or providers can be bound to."""

    code = "no-public-address"
    title = "This address cannot be used for it"


def public_origin(request: Request, settings: Settings) -> str:
    """Scheme, host and port that people open: as set, or localhost where nothing is set.

    The ``Host`` header alone is never believed: whoever sends it may choose it.
    """
    if settings.public_url is not None:
        return settings.public_url
    url = request.url
    if url.scheme == "http" and url.hostname == "localhost":
        return f"http://{url.netloc.lower()}"
    raise NoPublicAddressError(
        "Passkeys and single sign-on are bound to a host name. Open truenav as http://localhost on this "
        "machine, or set TRUENAV_PUBLIC_URL to the https address that people open."
    )


def relying_party(request: Request, settings: Settings) -> RelyingParty:
    """The domain that passkeys are bound to, and the one page address that may ask for them."""
    origin = public_origin(request, settings)
    return RelyingParty(str(urlsplit(origin).hostname), origin)

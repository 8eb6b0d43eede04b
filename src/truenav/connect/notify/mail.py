"""A mail through the tenant's own server."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from enum import StrEnum

from truenav.connect.notify.addresses import Resolver, safe_address, system_resolver
from truenav.connect.notify.webhook import NotDeliveredError
from truenav.core.failure import InvalidInputError

TIME_OUT = 10.0


class MailSecurity(StrEnum):
    """How the way to the server is protected; *none* is for a relay on the same machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    NONE = "none"


class BadMailAddressError(InvalidInputError):
    """Not an address that a mail can be sent to."""

    code = "bad-mail-address"
    title = "Not a mail address"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed in, and who they are from; ``user`` empty: without a log-in."""

    host: str
    port: int
    security: MailSecurity
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail; ``id`` is the same at every attempt."""

    id: str
    to: str
    subject: str
    text: str


def parse_mail_address(text: str) -> str:
    """A plain address without a name; else ``BadMailAddressError``."""
    try:
        address = Address(addr_spec=text.strip())
    except (ValueError, IndexError, MessageError) as error:
        raise BadMailAddressError(f"{text[:80]!r} is not a mail address.") from error
    if not address.domain or not text.isprintable() or len(text) > 254:
        raise BadMailAddressError(f"{text[:80]!r} is not a mail address.")
    return address.addr_spec


def compose(server: MailServer, mail: Mail, *, at: datetime) -> EmailMessage:
    """The message; line breaks in what people chose cannot add headers."""
    message = EmailMessage()
    message["From"] = parse_mail_address(server.sender)
    message["To"] = parse_mail_address(mail.to)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail.id}@truenav.invalid>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.text)
    return message


def send(
    server: MailServer,
    mail: Mail,
    *,
    at: datetime,
    allowed: Collection[str],
    resolve: Resolver = system_resolver,
    time_out: float = TIME_OUT,
) -> None:
    """Hand the mail in; ``NotDeliveredError`` where the server does not take it."""
    address = safe_address(server.host, server.port, allowed=allowed, resolve=resolve)
    message = compose(server, mail, at=at)
    try:
        with _connect(server, address, time_out) as session:
            if server.security is MailSecurity.STARTTLS:
                session.starttls(context=ssl.create_default_context())
            if server.user:
                session.login(server.user, server.password)
            session.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise NotDeliveredError(f"{server.host} did not take the mail ({type(error).__name__}).") from error


def _connect(server: MailServer, address: str, time_out: float) -> smtplib.SMTP:
    if server.security is MailSecurity.TLS:
        secure = _PinnedTls(address, timeout=time_out, context=ssl.create_default_context())
        secure.connect(server.host, server.port)
        return secure
    plain = _Pinned(address, timeout=time_out)
    plain.connect(server.host, server.port)
    return plain


class _Pinned(smtplib.SMTP):
    """Connects to one address under the server's name, which certificates are checked against."""

    def __init__(self, address: str, *, timeout: float) -> None:
        self._address = address
        super().__init__(timeout=timeout)

    def connect(
        self, host: str = "localhost", port: int = 0, source_address: object = None
    ) -> tuple[int, bytes]:
        """Connect, and remember the name for STARTTLS."""
        self._host = host
        return super().connect(host, port)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._address, port), timeout)


class _PinnedTls(smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""

    def __init__(self, address: str, *, timeout: float, context: ssl.SSLContext) -> None:
        self._address = address
        super().__init__(timeout=timeout, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._address, port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)

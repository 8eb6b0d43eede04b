"""``truenav login`` and ``truenav logout``."""

from __future__ import annotations

import click

from truenav.cli.common import house, password, say, session_file
from truenav.core.failure import UnauthenticatedError

_TO_MEND = {
    "factor": "your tenant asks for a second factor; add one.",
    "password": "your password is too short to stand alone; choose a longer one or add a second factor.",
}


@click.command()
@click.option("--email", prompt="E-mail", help="Asked for when it is not given.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.option("--tenant", help="Needed only where the same log-in fits several tenants.")
def login(*, email: str, password_stdin: bool, tenant: str | None) -> None:
    """Log in; the session is kept in the data folder, readable by you alone, for at most 12 hours.

    Who has a second factor is asked for a code as well (with --password-stdin: on the second line).
    """
    from truenav.access.service import FactorStep, Visitor
    from truenav.store.files import write_durably

    secret = password("Password", from_stdin=password_stdin, confirm=False)
    here = Visitor("local", "truenav command line")
    with house() as opened:
        entered = opened.access.begin_log_in(email, secret, visitor=here, tenant=tenant)
        if isinstance(entered, FactorStep):
            code = password("Code (or recovery code)", from_stdin=password_stdin, confirm=False)
            entered = opened.access.finish_log_in(entered.ticket, code, visitor=here)
    write_durably(session_file(), entered.token.encode("ascii"), mode=0o600)
    who = entered.principal
    if entered.before.failures:
        say(f"{entered.before.failures} log-ins failed since your last one.")
    if entered.limited is not None:
        say("Before anything else, log in to the web app: " + _TO_MEND[entered.limited])
    say(f"{who.name} ({', '.join(sorted(who.roles))}) of {who.tenant}, until {entered.expires_at:%H:%M} UTC.")


@click.command()
def logout() -> None:
    """End the session that login began."""
    path = session_file()
    if not path.exists():
        say("Nobody was logged in.")
        return
    with house() as opened:
        token = path.read_text("ascii").strip()
        try:
            opened.access.log_out(opened.access.authenticate(token), token)
        except UnauthenticatedError:
            say("The session had ended already.")
    path.unlink(missing_ok=True)
    say("Logged out.")

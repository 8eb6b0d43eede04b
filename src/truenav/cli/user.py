"""``truenav user``: the people of a tenant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from truenav.cli.common import Row, desk, house, output_option, say, settings, show
from truenav.cli.common import password as read_password
from truenav.core.ids import UserId

if TYPE_CHECKING:
    from truenav.store.users import User

_COLUMNS = ("id", "name", "email", "roles", "disabled_at", "created_at")
_password_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking."
)


@click.group()
def user() -> None:
    """Users and their roles."""


@user.command()
@click.argument("tenant")
@click.option("--name", "tenant_name", help="The tenant's name for people; by default its id.")
@click.option("--id", "user_id", default="admin", show_default=True, help="The administrator's id.")
@click.option("--email", prompt="Administrator's e-mail", help="Asked for when it is not given.")
@_password_stdin
def bootstrap(
    *, tenant: str, tenant_name: str | None, user_id: str, email: str, password_stdin: bool
) -> None:
    """Make TENANT and its first administrator. Only here, on the machine itself; no log-in is needed."""
    from truenav.access.bootstrap import create_tenant
    from truenav.access.users import NewUser

    secret = read_password("New password", from_stdin=password_stdin, confirm=True)
    new = NewUser(user_id, "Administrator", email, ("administrator",), secret)
    with house() as opened:
        made = create_tenant(
            opened.database, tenant, name=tenant_name or tenant, administrator=new, now=opened.clock.now()
        )
    say(f"Tenant {tenant} is there. Log in: truenav login --email {made.email}")


@user.command("list")
@output_option
def list_users(*, output: str) -> None:
    """List the users of the tenant."""
    from truenav.access.policy import authorize
    from truenav.store import users

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "user:read")
        found = users.list_users(session)
    show([_row(one) for one in found], output, columns=_COLUMNS)


@user.command()
@click.argument("id")
@click.option("--email", required=True)
@click.option("--name", help="By default the id.")
@click.option("--role", "roles", multiple=True, required=True, help="Repeatable.")
@_password_stdin
def add(*, id: str, email: str, name: str | None, roles: tuple[str, ...], password_stdin: bool) -> None:
    """Add the user ID, who logs in with an e-mail address and a password."""
    from truenav.access.users import NewUser, add_user

    secret = read_password(f"Password of {id}", from_stdin=password_stdin, confirm=True)
    with desk() as here, here.transaction() as session:
        new = NewUser(id, name or id, email, roles, secret)
        made = add_user(session, here.principal, new, now=here.house.clock.now())
    say(f"User {made.id} ({', '.join(made.roles)}) is there.")


@user.command()
@click.argument("id")
@click.option("--name")
@click.option("--role", "roles", multiple=True, help="Repeatable; replaces all roles.")
@click.option("--new-password", is_flag=True, help="Give a new password; their sessions end.")
@_password_stdin
def change(
    *, id: str, name: str | None, roles: tuple[str, ...], new_password: bool, password_stdin: bool
) -> None:
    """Change a user's name, roles or password."""
    from truenav.access.users import change_user

    wanted = new_password or password_stdin
    if not (name or roles or wanted):
        raise click.UsageError("Nothing to change: give --name, --role or --new-password.")
    secret = (
        read_password(f"New password of {id}", from_stdin=password_stdin, confirm=True) if wanted else None
    )
    with desk() as here, here.transaction() as session:
        changed = change_user(
            session,
            here.principal,
            UserId(id),
            now=here.house.clock.now(),
            name=name,
            roles=roles or None,
            password=secret,
        )
    say(f"User {changed.id}: {changed.name}, {', '.join(changed.roles)}.")


@user.command()
@click.argument("id")
@click.option("--undo", is_flag=True, help="Let the user in again.")
def disable(*, id: str, undo: bool) -> None:
    """Lock a user out: sessions and tokens end. Users are never deleted; the audit trail names them."""
    from truenav.access.users import change_user

    with desk() as here, here.transaction() as session:
        change_user(session, here.principal, UserId(id), now=here.house.clock.now(), disabled=not undo)
    say(f"User {id} {'may log in again' if undo else 'is locked out'}.")


@user.command()
@click.argument("id")
@click.option("--email", required=True)
@click.option("--name", help="By default the id.")
@click.option("--role", "roles", multiple=True, required=True, help="Repeatable.")
def invite(*, id: str, email: str, name: str | None, roles: tuple[str, ...]) -> None:
    """Add the user ID, who chooses the password by a link; it is printed here only, good for 72 hours."""
    from truenav.access import links
    from truenav.access.users import NewUser

    with desk() as here, here.transaction() as session:
        new = NewUser(id, name or id, email, roles)
        made = links.invite(session, here.principal, new, now=here.house.clock.now())
    _print_link(made.ticket)


@user.command("password-link")
@click.argument("id")
def password_link(*, id: str) -> None:
    """Print a link by which the user ID chooses a new password; good once, for 24 hours."""
    from truenav.access import links

    with desk() as here, here.transaction() as session:
        made = links.password_link(session, here.principal, UserId(id), now=here.house.clock.now())
    _print_link(made.ticket)


@user.command("reset-factors")
@click.argument("id")
def reset_factors(*, id: str) -> None:
    """Forget the second factors and recovery codes of the user ID and end their sessions."""
    from truenav.access import factors

    with desk() as here, here.transaction() as session:
        count = factors.reset_factors(
            session, here.house.vault, here.principal, UserId(id), now=here.house.clock.now()
        )
    say(f"User {id} has no second factor any more; {count} forgotten.")


@user.command()
@click.argument("id")
@click.option("--end", is_flag=True, help="End them all.")
@output_option
def sessions(*, id: str, end: bool, output: str) -> None:
    """List where the user ID is logged in, or end it."""
    from truenav.access.policy import Resource, authorize
    from truenav.access.sessions import revoke_sessions
    from truenav.store import audit, users

    with desk() as here, here.transaction() as session:
        now = here.house.clock.now()
        resource = Resource(here.principal.tenant, "user", id)
        authorize(here.principal, "user:write" if end else "user:read", resource)
        user_id = users.get_user(session, UserId(id)).id
        found = users.list_sessions(session, user_id, now=now)
        if end:
            revoke_sessions(session, user_id, now=now)
            audit.append(session, actor=here.principal.user, action="session.revoke-all", subject=id, at=now)
    if end:
        say(f"{len(found)} sessions of {id} ended.")
        return
    rows: list[Row] = [
        {
            "id": one.id,
            "address": one.proof.address,
            "agent": one.proof.agent,
            "methods": ", ".join(one.proof.methods),
            "created_at": one.created_at,
            "last_seen_at": one.last_seen_at,
        }
        for one in found
    ]
    show(rows, output)


def _print_link(ticket: str) -> None:
    chosen = settings()
    origin = chosen.public_url or f"http://localhost:{chosen.port}"
    click.echo(f"{origin}/welcome#{ticket}")
    say("It is shown here only. Hand it over in a way that nobody else reads.")


def _row(one: User) -> Row:
    return {column: getattr(one, column) for column in _COLUMNS}

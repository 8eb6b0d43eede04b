"""``truenav token``: API tokens of one's own."""

from __future__ import annotations

from datetime import datetime

import click

from truenav.cli.common import Row, desk, instant_option, output_option, say, show

_COLUMNS = ("id", "name", "scopes", "created_at", "expires_at", "revoked_at")


@click.group()
def token() -> None:
    """API tokens with scopes. A token allows no more than its scopes and its owner's roles."""


@token.command("list")
@output_option
def list_tokens(*, output: str) -> None:
    """List your tokens; the tokens themselves are never shown again."""
    from truenav.access.policy import authorize
    from truenav.store import users

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "self:read")
        found = users.list_tokens(session, here.principal.user)
    rows: list[Row] = [{column: getattr(one, column) for column in _COLUMNS} for one in found]
    show(rows, output, columns=_COLUMNS)


@token.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, required=True, help="An action such as nav:read; repeatable."
)
@instant_option("--expires", "When it ends; by default never.")
def issue(*, name: str, scopes: tuple[str, ...], expires: datetime | None) -> None:
    """Make a token called NAME and print it, this once, on standard output."""
    from truenav.access.tokens import issue_token

    with desk() as here, here.transaction() as session:
        made = issue_token(
            session,
            here.principal,
            name=name,
            scopes=scopes,
            expires_at=expires,
            now=here.house.clock.now(),
        )
    click.echo(made.secret)
    say(f"Token {made.token.id} is shown here only; keep it like a password.")


@token.command()
@click.argument("id")
def revoke(*, id: str) -> None:
    """End one of your tokens."""
    from truenav.access.tokens import revoke_token

    with desk() as here, here.transaction() as session:
        revoke_token(session, here.principal, id, now=here.house.clock.now())
    say(f"Token {id} is revoked.")

"""``truenav role``: what each role allows and hides, and roles of the tenant's own."""

from __future__ import annotations

import click

from truenav.cli.common import desk, output_option, say, show

_COLUMNS = ("id", "name", "masks", "nodes", "description")


@click.group()
def role() -> None:
    """Roles of the tenant."""


@role.command("list")
@output_option
def list_roles(*, output: str) -> None:
    """List the roles; ``--output json`` has their actions and the Chinese."""
    from dataclasses import asdict

    from truenav.access import roles

    with desk() as here, here.transaction() as session:
        found = roles.list_roles(session, here.principal)
    rows = [{**asdict(one), "name": one.name_en, "description": one.description_en} for one in found]
    show(rows, output, columns=_COLUMNS)


@role.command()
@click.argument("id")
@click.option("--name", required=True)
@click.option("--description", default="")
@click.option("--action", "actions", multiple=True, required=True, help="Repeatable; for example nav:read.")
@click.option("--mask", "masks", multiple=True, help="Repeatable: keys, addresses or strategies.")
@click.option("--node", "nodes", multiple=True, help="Repeatable: only this node and all below it.")
def put(
    *,
    id: str,
    name: str,
    description: str,
    actions: tuple[str, ...],
    masks: tuple[str, ...],
    nodes: tuple[str, ...],
) -> None:
    """Make a role, or change it for everybody who has it."""
    from truenav.access.roles import RoleDraft, put_role

    draft = RoleDraft(id, name, description, actions, masks, nodes or None)
    with desk() as here, here.transaction() as session:
        put_role(session, here.principal, draft, now=here.house.clock.now())
    say(f"Role {id} is there; give it with 'truenav user'.")


@role.command()
@click.argument("id")
def remove(*, id: str) -> None:
    """Forget a role that nobody has."""
    from truenav.access.roles import remove_role

    with desk() as here, here.transaction() as session:
        remove_role(session, here.principal, id, now=here.house.clock.now())
    say(f"Role {id} is gone.")

"""``truenav tenant``: the tenants of the installation. Only at the machine itself; no log-in is needed."""

from __future__ import annotations

from pathlib import Path

import click

from truenav.cli.common import house, output_option, say, show

_COLUMNS = ("id", "name", "created_at", "suspended_at")


@click.group()
def tenant() -> None:
    """Tenants of the installation."""


@tenant.command("list")
@output_option
def list_tenants(*, output: str) -> None:
    """List the tenants."""
    from dataclasses import asdict

    from truenav.app.tenants import service

    with house() as opened:
        found = service.list_tenants(opened, service.machine_host())
    show([asdict(one) for one in found], output, columns=_COLUMNS)


@tenant.command()
@click.argument("id")
@click.option("--name", help="The tenant's name for people; by default its id.")
@click.option("--administrator", default="admin", show_default=True, help="The administrator's id.")
@click.option("--email", required=True, help="The administrator's e-mail address.")
def create(*, id: str, name: str | None, administrator: str, email: str) -> None:
    """Make a tenant; prints the path of the link by which its administrator chooses a password."""
    from truenav.app.tenants import service

    with house() as opened:
        made = service.provision(
            opened, service.machine_host(), id, name=name or id, administrator=administrator, email=email
        )
    say(f"Tenant {id} is there. Give {email} this link within 72 hours, after the address of the server:")
    click.echo(f"/welcome#{made.link.ticket}")


@tenant.command()
@click.argument("id")
def suspend(*, id: str) -> None:
    """Stop a tenant: nobody logs in and nothing runs; everything is kept."""
    from truenav.app.tenants import service

    with house() as opened:
        service.suspend(opened, service.machine_host(), id)
    say(f"Tenant {id} is suspended. 'truenav tenant resume {id}' lets it work again.")


@tenant.command()
@click.argument("id")
def resume(*, id: str) -> None:
    """Let a suspended tenant work again."""
    from truenav.app.tenants import service

    with house() as opened:
        service.resume(opened, service.machine_host(), id)
    say(f"Tenant {id} works again.")


@tenant.command()
@click.argument("id")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The zip file.")
def export(*, id: str, out: Path) -> None:
    """Write every row and file of a tenant into one zip."""
    from truenav.app.tenants.export import export_tenant
    from truenav.app.tenants.service import machine_host

    with house() as opened:
        counts = export_tenant(opened, machine_host(), id, out)
    say(f"{sum(counts.values())} rows and files are in {out}.")


@tenant.command()
@click.argument("id")
@click.option("--confirm", required=True, help="The tenant's id once more: there is no way back.")
def erase(*, id: str, confirm: str) -> None:
    """Destroy a suspended tenant's keys, files and rows; prints the signed record."""
    import json

    from truenav.app.tenants import service
    from truenav.core.canonical import encode

    with house() as opened:
        signed = service.erase(opened, service.machine_host(), id, confirm=confirm)
    click.echo(json.dumps(encode(signed), indent=2, ensure_ascii=False))

"""``truenav module``: what a tenant switches on and off."""

from __future__ import annotations

import click

from truenav.cli.common import desk, output_option, say, show


@click.group()
def module() -> None:
    """Modules of the tenant."""


@module.command("list")
@output_option
def list_modules(*, output: str) -> None:
    """List the modules."""
    from truenav.access.modules import MODULES
    from truenav.access.policy import authorize
    from truenav.store.roles import modules_off

    with desk() as here, here.transaction() as session:
        authorize(here.principal, "self:read")
        off = modules_off(session)
    rows = [{"id": one.id, "en": one.en, "zh": one.zh, "on": one.id not in off} for one in MODULES.values()]
    show(rows, output)


def _switch(id: str, *, enabled: bool) -> None:
    from truenav.app.modules.service import switch_modules

    with desk() as here, here.transaction() as session:
        switch_modules(session, here.principal, {id: enabled}, now=here.house.clock.now())
    say(f"Module {id} is {'on' if enabled else 'off'}.")


@module.command()
@click.argument("id")
def on(*, id: str) -> None:
    """Switch a module on."""
    _switch(id, enabled=True)


@module.command()
@click.argument("id")
def off(*, id: str) -> None:
    """Switch a module off: its endpoints answer 404, its jobs and schedules do not run."""
    _switch(id, enabled=False)

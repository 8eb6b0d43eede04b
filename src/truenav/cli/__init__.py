"""The command line: one file per noun, loaded only when its noun is used, so that ``--help`` is instant."""

from __future__ import annotations

import atexit
import gc
import importlib
import os
import sys
from contextlib import suppress
from typing import NoReturn

import click

from truenav import __version__
from truenav.core.failure import TruenavError

NOUNS: dict[str, tuple[str, str]] = {
    "account": ("truenav.cli.account", "Accounts: where assets live."),
    "asset": ("truenav.cli.asset", "Assets and their aliases."),
    "audit": ("truenav.cli.audit", "The hash-chained audit trail."),
    "backup": ("truenav.cli.backup", "Back up everything but the keys."),
    "basket": ("truenav.cli.basket", "Basket products: holdings, creation lists, participants' orders."),
    "bundle": ("truenav.cli.bundle", "Look into an evidence bundle."),
    "connection": ("truenav.cli.connection", "Connections to venues, and gathering."),
    "custody": ("truenav.cli.custody", "Custodians: vaults and approvals."),
    "db": ("truenav.cli.db", "The database: start, stop, migrate."),
    "demo": ("truenav.cli.demo", "Run the demo fund from connections to a verified NAV."),
    "doctor": ("truenav.cli.doctor", "Check versions, database, disk, clock, keys and queue."),
    "etp": ("truenav.cli.etp", "Leveraged products: rules, replays of prices, where the return went."),
    "import": ("truenav.cli.imports", "Bulk import of history from CSV and JSON."),
    "instrument": ("truenav.cli.instrument", "Contract terms and when they hold."),
    "issue": ("truenav.cli.issue", "Data issues: what does not add up."),
    "login": ("truenav.cli.login", "Log in; the session is kept in the data folder."),
    "logout": ("truenav.cli.login", "End the session."),
    "manual": ("truenav.cli.manual", "Manual items, dealings, fee payments, manual marks."),
    "module": ("truenav.cli.module", "Modules: what the tenant switches on and off."),
    "nav": ("truenav.cli.nav", "Strike, approve, publish, restate and export NAVs."),
    "pricing": ("truenav.cli.pricing", "Policies, marks and numeraires."),
    "otc": ("truenav.cli.otc", "OTC desks: statements, and what settled them."),
    "portfolio": ("truenav.cli.portfolio", "The portfolio tree and its figures."),
    "restore": ("truenav.cli.restore", "Restore a backup into an empty installation."),
    "role": ("truenav.cli.role", "Roles: what they allow and hide, and roles of your own."),
    "schedule": ("truenav.cli.schedule", "Automatic strikes by cron and time zone."),
    "secret": ("truenav.cli.secret", "Rotate the keys that protect stored credentials."),
    "serve": ("truenav.cli.serve", "Serve the API and run the workers."),
    "simulator": ("truenav.cli.simulator", "A deterministic venue for demos and tests."),
    "source": ("truenav.cli.source", "Accounts as sources: sync, completeness, reconciliation."),
    "tenant": ("truenav.cli.tenant", "Tenants: provision, suspend, export, erase."),
    "trade": ("truenav.cli.trade", "Orders at venues: limits, trading keys, and what became of each."),
    "token": ("truenav.cli.token", "API tokens with scopes."),
    "user": ("truenav.cli.user", "Users and their roles."),
    "verify": ("truenav.cli.verify", "Verify an evidence bundle, offline."),
    "worker": ("truenav.cli.worker", "Run queued jobs and schedules."),
}


class _LazyGroup(click.Group):
    """A group that knows its commands by name and imports a command's module when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(NOUNS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in NOUNS:
            return None
        module, _ = NOUNS[cmd_name]
        attribute = {"import": "imports"}.get(cmd_name, cmd_name)
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the one-line helps from the table: no noun is imported for ``--help``."""
        with formatter.section("Nouns"):
            formatter.write_dl([(name, NOUNS[name][1]) for name in sorted(NOUNS)])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="truenav")
def truenav() -> None:
    """A fund's net asset value that anyone can check.

    Data goes to standard output, messages to standard error. Exit codes: 0 done, 1 failed, 2 bad input, 3
    not found, 4 conflicts with the present state, 5 not allowed, 6 something needed does not answer.
    """


def main() -> None:
    """Run the command line; a refusal becomes one clear line and its exit code."""
    gc.set_threshold(50_000)  # start-up makes many objects and little garbage
    _leave(run())


def run() -> int:
    """Run the command and give its exit code."""
    try:
        truenav(standalone_mode=False)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except click.exceptions.Abort:
        click.echo("Stopped.", err=True)
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except TruenavError as error:
        click.echo(f"truenav: {error.message}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # Whoever read our output has seen enough; nothing more may be written to it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        reason = error.strerror or error
        click.echo(f"truenav: {place}{reason}. Check the path, its rights and free space.", err=True)
        return 1
    return 0


def _leave(code: int) -> NoReturn:
    """End at once: all is closed by now, and taking a large interpreter apart lasts a fifth of a second."""
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            stream.flush()
    os._exit(code)

"""Under which account PostgreSQL runs: it refuses root, and we make no OS user for it."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from truenav.store.postgres import launcher
from truenav.store.postgres.errors import PostgresAccountError

USER_VARIABLE = "TRUENAV_POSTGRES_USER"

# Nothing of the caller's environment may steer the server (PGDATA, PGOPTIONS, LC_*, ...).
_ENVIRONMENT = {"PATH": os.defpath, "TZ": "UTC", "LC_ALL": "C"}

_MEND = (
    f"Run truenav as an ordinary user, or set {USER_VARIABLE} to one that may read the installation "
    "and reach the data folder, or use your own server with TRUENAV_DATABASE_URL."
)


@dataclass(frozen=True, slots=True)
class Account:
    """How to leave root, and as whom PostgreSQL sees itself.

    Seen from outside, files belong to `uid`:`gid` for ``user`` and to the caller otherwise.
    """

    kind: Literal["same", "namespace", "user"]
    uid: int
    gid: int

    def adopt(self, path: Path) -> None:
        """Give a path of our own data folder to the account, when it is another one."""
        if self.kind == "user":
            os.chown(path, self.uid, self.gid)


def choose_account(user: str | None) -> Account:
    """The account for PostgreSQL: `user` (only root can choose), else a namespace, else ourselves."""
    mine = Account("same", os.geteuid(), os.getegid())
    if user:
        return _named_account(user, mine)
    if mine.uid != 0:
        return mine
    if sys.platform != "linux":
        raise PostgresAccountError(f"PostgreSQL refuses to run as root. {_MEND}")
    entry = _unprivileged_entry()
    return Account("namespace", entry.pw_uid, entry.pw_gid)


def run(
    account: Account, command: Sequence[str | Path], *, keep: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end under the account, with the descriptors `keep`.

    Output is captured; the exit code is not judged.
    """
    result = subprocess.run(  # noqa: S603 - our own program and arguments
        _prefix(account, "wait", command),
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        pass_fds=tuple(keep),
        check=False,
    )
    _refuse_launch_failure(result.returncode, result.stderr)
    return result


def spawn(account: Account, command: Sequence[str | Path], *, output: Path, keep: int) -> None:
    """Start a program that outlives us, writing to `output` and inheriting descriptor `keep`."""
    output.touch(mode=0o600)
    with output.open("wb") as file:
        result = subprocess.run(  # noqa: S603 - our own program and arguments
            _prefix(account, "detach", command),
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            pass_fds=(keep,),
            check=False,
        )
    _refuse_launch_failure(result.returncode, output.read_text(errors="replace"))


def _named_account(user: str, mine: Account) -> Account:
    try:
        entry = pwd.getpwnam(user)
    except KeyError as error:
        raise PostgresAccountError(
            f"{USER_VARIABLE}: there is no user {user!r} on this machine. {_MEND}"
        ) from error
    if entry.pw_uid == mine.uid != 0:
        return mine
    if entry.pw_uid == 0 or mine.uid != 0:
        reason = "PostgreSQL refuses root" if entry.pw_uid == 0 else "only root can change account"
        raise PostgresAccountError(f"{USER_VARIABLE}={user}: {reason}. {_MEND}")
    return Account("user", entry.pw_uid, entry.pw_gid)


def _unprivileged_entry() -> pwd.struct_passwd:
    # initdb looks itself up in the user list, so the namespace must show an account that exists.
    entries = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    if not entries:
        raise PostgresAccountError(f"The user list has no account but root. {_MEND}")
    return next((entry for entry in entries if entry.pw_name == "nobody"), entries[0])


def _prefix(account: Account, fate: Literal["wait", "detach"], command: Sequence[str | Path]) -> list[str]:
    script = [sys.executable, "-I", "-S", launcher.__file__]
    return [*script, account.kind, str(account.uid), str(account.gid), fate, *map(str, command)]


def _refuse_launch_failure(exit_code: int, stderr: str) -> None:
    if exit_code in (launcher.CANNOT_CHANGE_ACCOUNT, launcher.CANNOT_RUN):
        raise PostgresAccountError(
            f"PostgreSQL cannot be started under another account than root: {stderr.strip()}. {_MEND}"
        )

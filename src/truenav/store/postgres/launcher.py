"""Become another account, then another program. A script: standard library only, no package import.

    python -I -S launcher.py KIND UID GID FATE PROGRAM ARGUMENT...

KIND  ``same``       keep the account
      ``namespace``  root enters a user namespace in which it is UID:GID; outside, files stay root's
      ``user``       root becomes UID:GID for good
FATE  ``wait``       the program replaces this process
      ``detach``     the program runs on in a session of its own, and this process ends at once

A separate process, because changing the account of a child between fork and exec is not safe in a
program with threads, and a namespace can only be entered by a process that has none.
"""

from __future__ import annotations

import os
import sys

CLONE_NEWUSER = 0x10000000
CANNOT_CHANGE_ACCOUNT = 120
CANNOT_RUN = 121


def enter_namespace(uid: int, gid: int) -> None:
    """Enter a user namespace that shows the present user and group as `uid` and `gid`."""
    import ctypes

    outside_uid, outside_gid = os.geteuid(), os.getegid()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWUSER) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"user namespace: {os.strerror(number)}")
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outside_uid} 1"),
        ("gid_map", f"{gid} {outside_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(line)


def become_user(uid: int, gid: int) -> None:
    """Give up root: no supplementary groups, then `gid`, then `uid`."""
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)


def main(arguments: list[str]) -> None:
    """Change the account and run the program; on failure say why on stderr and exit 120 or 121."""
    kind, uid, gid, fate, *command = arguments
    try:
        if kind == "namespace":
            enter_namespace(int(uid), int(gid))
        elif kind == "user":
            become_user(int(uid), int(gid))
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(CANNOT_CHANGE_ACCOUNT)
    os.umask(0o077)
    if fate == "detach":
        if os.fork() != 0:
            os._exit(0)
        os.setsid()
    try:
        os.execv(command[0], command)  # noqa: S606 - the point of this script
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    main(sys.argv[1:])

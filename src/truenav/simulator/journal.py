"""What clients did, kept in the state folder: a simulator that is started again remembers their orders.

One line of JSON a command, written before it is answered. A line that was cut off by a crash was never
answered, and is dropped.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from truenav.simulator.errors import ScenarioError
from truenav.simulator.orders import Command, Placed, Printed, Withdrawn

_KINDS: dict[str, type[Placed] | type[Withdrawn] | type[Printed]] = {
    "placed": Placed,
    "withdrawn": Withdrawn,
    "printed": Printed,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


class Journal:
    """Commands of one scenario's accounts, in a file that several scenarios share."""

    def __init__(self, path: Path, scenario: str) -> None:
        self.path = path
        self.scenario = scenario

    def commands(self, accounts: Collection[str]) -> list[tuple[str, Command]]:
        """Everything written so far, as account and command.

        A damaged file is refused, and one that tells orders of an account that is not among `accounts`.
        """
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        if whole != text:
            self.path.write_bytes(whole)
        found = []
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                row = msgspec.json.decode(line)
                if row["scenario"] != self.scenario:
                    continue
                account, command = str(row["account"]), _read(row["kind"], row["command"])
            except (msgspec.MsgspecError, KeyError, TypeError) as error:
                raise ScenarioError(
                    f"{self.path} line {number} is damaged ({error}); remove the file to forget all orders."
                ) from error
            if account not in accounts:
                raise ScenarioError(
                    f"{self.path} line {number} has an order of the account {account!r}, which the scenario "
                    f"{self.scenario!r} has no more; put it back, or remove the file to forget all orders."
                )
            found.append((account, command))
        return found

    def write(self, account: str, command: Command) -> None:
        """Add one command."""
        row = {
            "scenario": self.scenario,
            "account": account,
            "kind": _NAMES[type(command)],
            "command": asdict(command),
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")


def _read(kind: str, row: dict[str, Any]) -> Command:
    return msgspec.convert(row, _KINDS[kind], strict=False)

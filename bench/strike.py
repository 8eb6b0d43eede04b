"""From the command to a NAV that waits for approval: the demo fund, all snapshots present."""

from __future__ import annotations

import json
import subprocess
import sys

from bench._installation import ROOT, Installation
from bench.harness import Contender, Goal, Workload


class Bench:
    """The demo fund after its first day, and somebody logged in."""

    def __init__(self) -> None:
        self.place = Installation("strike")
        self.place.truenav("demo", "--once")
        fund = json.loads((ROOT / "examples" / "demo_fund" / "fund.json").read_text("utf-8"))
        self.fund = fund["fund"]
        user = next(one for one in fund["users"] if "manager" in one["roles"])
        self._log_in(user["email"], user["password"])
        self.last = ""

    def strike(self) -> None:
        """One whole process, as a person starts it."""
        self.last = self.place.truenav("nav", "strike", self.fund, "--reuse", "86400", "--output", "json")

    def check(self) -> str:
        """The result is complete and calculated."""
        (run,) = json.loads(self.last)
        if run["state"] != "calculated" or run["result"]["quality"] != "complete":
            raise AssertionError(f"{run['state']}, {run['result']['quality']}")
        lines = sum(len(fund["lines"]) for fund in run["result"]["funds"])
        return (
            f"Each run is complete: {len(run['result']['funds'])} funds, {lines} lines, by the command line."
        )

    def _log_in(self, email: str, password: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "truenav", "login", "--email", email, "--password-stdin"],
            env=self.place.environment,
            input=password + "\n",
            text=True,
            capture_output=True,
            check=True,
        )


def workload() -> Workload:
    bench = Bench()
    return Workload(
        title="Striking the demo fund",
        items=1,
        unit="strike",
        ours="truenav",
        contenders=[Contender("truenav", bench.strike, note="whole process, imports and database included")],
        goals=[Goal("seconds", lambda seconds: seconds["truenav"], at_most=1.0)],
        verify=bench.check,
    )

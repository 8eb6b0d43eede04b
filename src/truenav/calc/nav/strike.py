"""Strike a NAV: one pure function from inputs to result, the same in server, CLI and verifier.

Method: docs/methods/nav.md.
"""

from __future__ import annotations

from truenav.calc.nav.model import NavInputs, NavResult
from truenav.calc.nav.valuation import value_nav


def strike_nav(inputs: NavInputs) -> NavResult:
    """Compute the NAV of a fund and of all funds below it.

    What could not be read, priced or assigned becomes a ``Failure`` of a provisional result. Raises an
    ``InvalidInputError`` where the inputs contradict each other: no tree, rules of one rank, a holding
    outside the run, a pricing policy or numeraire without meaning, another method version.
    """
    return value_nav(inputs).result

"""Leveraged products over many histories, a history at a time, by any executor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from truenav.calc.etp.engine.many_paths import Path
from truenav.calc.etp.engine.many_results import Simulations, joined
from truenav.calc.etp.engine.simulate_many import simulate_many
from truenav.calc.portfolio.valuation import Accelerator
from truenav.compute.executor import Executor
from truenav.core.product import Product


@dataclass(frozen=True, slots=True, eq=False)
class Histories:
    """The runs of all histories that could be simulated, and why the others could not, by their place."""

    simulations: Simulations
    refused: dict[int, Exception]


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One history and the products that go through it."""

    products: Sequence[Product]
    path: Path
    nav: float
    events: bool
    accelerator: Accelerator


def simulate_histories(
    executor: Executor,
    products: Sequence[Product],
    paths: Iterable[Path],
    *,
    nav: float = 100.0,
    events: bool = False,
    accelerator: Accelerator = "auto",
) -> Histories:
    """Run every product over every path, as `simulate_many` does.

    ``paths`` may be read as they are needed: no more of them are held than the executor works on. A history
    that cannot be used does not stop the others. Runs stand path by path.
    """
    tried: list[Simulations] = [simulate_many(products, [], events=events)]
    refused: dict[int, Exception] = {}
    parts = (_Part(products, path, nav, events, accelerator) for path in paths)
    for place, done in enumerate(executor.map(_simulated, parts)):
        if done.error is None:
            tried.append(_numbered(done.result(), place))
        else:
            refused[place] = done.error
    return Histories(joined(tried), refused)


def _simulated(part: _Part) -> Simulations:
    return simulate_many(
        part.products,
        [part.path],
        nav=part.nav,
        events=part.events,
        accelerator=part.accelerator,
        threads=1,
    )


def _numbered(found: Simulations, place: int) -> Simulations:
    """The runs of one path, by its place among all."""
    return replace(found, runs=np.column_stack([found.runs[:, 0], np.full(len(found), place)]))

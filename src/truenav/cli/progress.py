"""Progress of gathering on standard error: one line an account, only where a person watches."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from truenav.connect.contract import Progress


@contextmanager
def steps(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """Call the result with the name of each step as it begins; draws one bar on a terminal."""
    if not sys.stderr.isatty():
        yield lambda name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<40}"), BarColumn(24), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(title, total=total)
        begun = 0

        def begin(name: str) -> None:
            nonlocal begun
            bars.update(task, completed=begun, description=f"{title}: {name}")
            begun += 1

        yield begin


@contextmanager
def gathering() -> Iterator[Callable[[Progress], None]]:
    """A report that draws a bar for each account on a terminal, and is silent elsewhere."""
    if not sys.stderr.isatty():
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<28}"), BarColumn(24), MofNCompleteColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, object] = {}

        def report(progress: Progress) -> None:
            if progress.subject not in tasks:
                tasks[progress.subject] = bars.add_task(progress.subject, total=progress.total)
            bars.update(
                tasks[progress.subject],  # type: ignore[arg-type]
                completed=progress.done,
                total=progress.total,
            )

        yield report

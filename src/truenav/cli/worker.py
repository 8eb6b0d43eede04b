"""``truenav worker``: one worker process."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--concurrency", type=click.IntRange(1, 64), help="Jobs done side by side, by default 4.", metavar="N"
)
def worker(*, concurrency: int | None) -> None:
    """Do queued jobs, and start what schedules say, until stopped.

    Any number of workers may run, on any number of machines; one of them leads. SIGTERM lets begun jobs end
    for some seconds, then leaves them to the other workers.
    """
    from truenav.cli.children import work

    work(concurrency)

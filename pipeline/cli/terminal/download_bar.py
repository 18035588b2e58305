"""Progress bar of a download, which disappears at its end."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn


@contextlib.contextmanager
def download_bar(
    console: Console,
) -> Iterator[tuple[Callable[[str], None], Callable[[int, int | None], None]]]:
    """Yields the callbacks of `sources.locate`: for a line of text, and for finished and total bytes."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(
        *columns,
        console=console,
        transient=True,
        redirect_stdout=False,  # see `pipeline.cli.terminal.console.busy`
        redirect_stderr=False,
        disable=not console.is_terminal,
    ) as bar:
        task = bar.add_task("looking for the data", total=None)
        yield (
            lambda line: bar.update(task, description=line),
            lambda done, total: bar.update(task, completed=done, total=total),
        )

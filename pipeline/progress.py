"""One line a node, and a live bar while it works."""

import logging
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from pipeline.runner import NodeEvent
from trainer.progress import LOGGER


class NodeProgress:
    """A `pipeline.runner.Observer` that draws on a console; a context manager.

    The trainer and the tuner say how far they are through `trainer.progress`; the bar shows it.

    Args:
        console: where to draw.
        check: called whenever something is said; may raise, to end the run.
    """

    def __init__(self, console: Console, check: Callable[[], None] = lambda: None):
        self._console = console
        self._check = check
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[detail]}"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            # What others print belongs in the log, and not, as rich would have it, above the bar.
            redirect_stdout=False,
            redirect_stderr=False,
            disable=not console.is_terminal,
        )
        self._task = None
        self._handler = _ToBar(self)

    def __enter__(self) -> "NodeProgress":
        self._bar.start()
        LOGGER.addHandler(self._handler)
        LOGGER.setLevel(logging.INFO)
        return self

    def __exit__(self, *exception) -> None:
        LOGGER.removeHandler(self._handler)
        self._bar.stop()

    def started(self, event: NodeEvent) -> None:
        """Shows a bar for the node."""
        self._task = self._bar.add_task(f"{_place(event)}  {event.node}", total=None, detail="")

    def detail(self, text: str, done: float | None) -> None:
        """Moves the bar.

        Args:
            text: such as `epoch 3 of 15, val_rmse 0.912`.
            done: the share of the node's work that is done, 0 to 1, or None when nobody knows.
        """
        self._check()
        if self._task is not None:
            self._bar.update(
                self._task, detail=text, total=1 if done is not None else None, completed=done or 0
            )

    def finished(self, event: NodeEvent) -> None:
        """Replaces the bar by a line."""
        self._check()
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        time = "[cyan]  cached[/]" if event.cached else f"{event.seconds:7.1f}s"
        self._console.print(f"[green]✓[/] {_place(event)}  {event.node:<22} {time}")


class _ToBar(logging.Handler):
    def __init__(self, progress: NodeProgress):
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        self._progress.detail(record.getMessage(), getattr(record, "done", None))


def _place(event: NodeEvent) -> str:
    return f"{event.number:>2} of {event.of}"

"""Progress of a run: one line per node, a live bar, and occasional lines without a terminal."""

import logging
import threading
import time
from collections.abc import Callable

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from marquee.progress import LOGGER
from pipeline.execution.runner import NodeEvent

#: Seconds without a line after which one says that the node is still running.
QUIET = 60.0


class NodeProgress:
    """A `pipeline.execution.runner.Observer` that draws on a console; a context manager.

    The trainer and the tuner say how far they are through `marquee.progress`; the bar shows it.

    Args:
        console: where to draw.
        check: called whenever something is said; may raise, to end the run.
        log: takes the start and the end of each node, and what is said while it works.
        quiet: seconds after which a node that says nothing is said to be still running: in the log, and on a
            console that is no terminal.
    """

    def __init__(
        self,
        console: Console,
        check: Callable[[], None] = lambda: None,
        log: Callable[[str], None] = lambda text: None,
        quiet: float = QUIET,
    ):
        self._console, self._check, self._log, self._quiet = console, check, log, quiet
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
        self._task: TaskID | None = None
        self._handler = _ToBar(self)
        self._node: str | None = None
        self._started, self._detail, self._step = 0.0, "", ""
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._break_silence, name="progress", daemon=True)

    def __enter__(self) -> "NodeProgress":
        self._bar.start()
        LOGGER.addHandler(self._handler)
        LOGGER.setLevel(logging.INFO)
        self._watch.start()
        return self

    def __exit__(self, *exception) -> None:
        LOGGER.removeHandler(self._handler)
        self._over.set()
        self._watch.join()
        self._bar.stop()

    def started(self, event: NodeEvent) -> None:
        """Shows a bar for the node."""
        self._check()
        self._started, self._detail, self._step, self._node = time.monotonic(), "", "", event.node
        self._log(f"{event.node} started, {event.number} of {event.of}")
        self._task = self._bar.add_task(f"{_place(event)}  {event.node}", total=None, detail="")

    def detail(self, text: str, done: float | None, step: str = "") -> None:
        """Moves the bar.

        Args:
            text: such as `epoch 3 of 15, val_rmse 0.912`; empty where only `step` is new.
            done: the share of the node's work that is done, 0 to 1, or None when nobody knows.
            step: where it is within that, such as `step 40 of 400`.
        """
        self._check()
        if text:
            self._detail = text
        self._step = step
        if self._task is None:
            return
        if text:
            self._bar.update(
                self._task, detail=text, total=1 if done is not None else None, completed=done or 0
            )
        elif not self._detail:
            self._bar.update(self._task, detail=step)

    def finished(self, event: NodeEvent) -> None:
        """Replaces the bar by a line."""
        self._check()
        self._node = None
        if self._task is not None:
            self._bar.remove_task(self._task)
            self._task = None
        self._log(
            f"{event.node} {'taken from the cache' if event.cached else f'done, {event.seconds:.1f} s'}"
        )
        time = "[cyan]  cached[/]" if event.cached else f"{event.seconds:7.1f}s"
        self._console.print(f"[green]✓[/] {_place(event)}  {event.node:<22} {time}")

    def still_running(self) -> str:
        """Returns the line on a node that works for long; empty between nodes."""
        node, where = self._node, "; ".join(each for each in (self._detail, self._step) if each)
        if node is None:
            return ""
        minutes = (time.monotonic() - self._started) / 60
        return f"{node}: still running, {minutes:.0f} min{f', {where}' if where else ''}"

    def _break_silence(self) -> None:
        while not self._over.wait(self._quiet):
            node_for = time.monotonic() - self._started
            if node_for >= self._quiet and (line := self.still_running()):
                self._log(line)
                if not self._console.is_terminal:
                    self._console.print(line, markup=False, soft_wrap=True)


class _ToBar(logging.Handler):
    def __init__(self, progress: NodeProgress):
        super().__init__()
        self._progress = progress

    def emit(self, record: logging.LogRecord) -> None:
        step = getattr(record, "step", "")
        text = "" if step else record.getMessage()
        self._progress.detail(text, getattr(record, "done", None), step)


def _place(event: NodeEvent) -> str:
    return f"{event.number:>2} of {event.of}"

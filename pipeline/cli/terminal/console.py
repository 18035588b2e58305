"""Reserves the terminal for Marquee's own lines; output of libraries goes to the log, with times."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.spinner import Spinner

_STAMP = Path(__file__).with_name("stamp.py")
_kept: list[TextIO] = []


@contextlib.contextmanager
def native_chatter_dropped() -> Iterator[None]:
    """Drops what C++ writes to descriptor 2; Python's own standard error, and so its log, stays."""
    sys.stderr.flush()
    python_err, real_err = sys.stderr, os.dup(2)
    with open(os.devnull, "wb") as sink:
        # Left open: a library that begins to log in here keeps it, and would fail to log ever after.
        _kept.append(os.fdopen(os.dup(real_err), "w", buffering=1))
        sys.stderr = _kept[-1]
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(real_err, 2)
            os.close(real_err)
            sys.stderr = python_err


@contextlib.contextmanager
def chatter_to(log: Path) -> Iterator[Console]:
    """Sends file descriptors 1 and 2 to `log`, a time before each line; yields a console on the real output.

    Descriptors rather than `sys.stdout`, because TensorFlow, Beam and MLMD also write from C++. A process of
    its own adds the times: it outlives a crash, and C++ that fills the pipe never waits for Python.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    real_out, real_err = os.dup(1), os.dup(2)
    with open(log, "ab", buffering=0) as sink, os.fdopen(os.dup(real_out), "w") as terminal:
        stamp = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_STAMP)],
            stdin=subprocess.PIPE,
            stdout=sink,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # Ctrl-C is for the run: what it says last belongs in the log as well
        )
        assert stamp.stdin is not None  # it was asked for
        os.dup2(stamp.stdin.fileno(), 1)
        os.dup2(stamp.stdin.fileno(), 2)
        stamp.stdin.close()
        try:
            yield Console(file=terminal, highlight=False)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(real_out, 1)
            os.dup2(real_err, 2)
            os.close(real_out)
            os.close(real_err)
            with contextlib.suppress(subprocess.TimeoutExpired):  # a process left behind holds the pipe
                stamp.wait(2)


def log_line(text: str) -> None:
    """Writes a line of Marquee's own to the log that `chatter_to` sends descriptor 2 to."""
    sys.stderr.flush()
    os.write(2, f"marquee: {text}\n".encode(errors="replace"))


@contextlib.contextmanager
def busy(console: Console, text: str) -> Iterator[Callable[[str], None]]:
    """Shows a spinner with `text` inside a `with` block; yields a function that changes the text.

    `Console.status` does this too, but puts an object of its own in place of `sys.stderr`. A library that is
    imported meanwhile keeps that object, and from then on its warnings are drawn over the terminal.
    """
    if not console.is_terminal:
        yield lambda text: None
        return
    spinner = Spinner("dots", text=text)
    with Live(
        spinner,
        console=console,
        refresh_per_second=12.5,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    ):
        yield lambda text: spinner.update(text=text)

"""Keeps the terminal for Marquee's own lines: everybody else's chatter goes to the log."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console


@contextlib.contextmanager
def native_chatter_dropped() -> Iterator[None]:
    """Drops what C++ writes to descriptor 2; Python's own standard error, and so its log, stays."""
    sys.stderr.flush()
    python_err, real_err = sys.stderr, os.dup(2)
    with open(os.devnull, "wb") as sink, os.fdopen(os.dup(real_err), "w", buffering=1) as kept:
        sys.stderr = kept
        os.dup2(sink.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(real_err, 2)
            os.close(real_err)
            sys.stderr = python_err


@contextlib.contextmanager
def chatter_to(log: Path) -> Iterator[Console]:
    """Sends file descriptors 1 and 2 to `log` and yields a console on the real standard output.

    Descriptors rather than `sys.stdout`, because TensorFlow, Beam and MLMD also write from C++.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    sys.stdout.flush()
    sys.stderr.flush()
    real_out, real_err = os.dup(1), os.dup(2)
    with open(log, "ab", buffering=0) as sink, os.fdopen(os.dup(real_out), "w") as terminal:
        os.dup2(sink.fileno(), 1)
        os.dup2(sink.fileno(), 2)
        try:
            yield Console(file=terminal, highlight=False)
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(real_out, 1)
            os.dup2(real_err, 2)
            os.close(real_out)
            os.close(real_err)

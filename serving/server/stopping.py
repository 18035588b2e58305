"""Graceful stop, on a signal, of commands that run in the foreground."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Yields an event that SIGTERM and Ctrl-C set in place of their usual effect. For the main thread."""
    stop = threading.Event()

    def ask(*_: object) -> None:
        # Not set here: a handler runs in the main thread, which may hold the event's lock inside `wait`.
        threading.Thread(target=stop.set, daemon=True).start()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

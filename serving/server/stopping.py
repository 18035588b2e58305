"""Ending in good order: what runs in the foreground until a signal asks it to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """An event that SIGTERM or Ctrl-C sets, in place of what they did before. For the main thread."""
    stop = threading.Event()

    def ask(*_: object) -> None:
        # Not here: a handler runs in the main thread, which may hold the event's lock, inside `wait`.
        threading.Thread(target=stop.set, daemon=True).start()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

"""Handling of Ctrl-C and SIGTERM, which end a run soon at any point."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

from marquee.errors import MarqueeError

#: Maximum seconds from a signal to the end of the process, however long the current step takes.
PATIENCE = 12.0
_BY = (signal.SIGINT, signal.SIGTERM)


class Interrupted(MarqueeError):
    """The run was interrupted; the hint says how to resume it."""


class Interruption:
    """Raises KeyboardInterrupt in the main thread on SIGINT and SIGTERM, and makes sure that the run ends.

    An exception raised while TensorFlow's C++ calls back into Python, or while Python frees an object, is
    lost there. `check`, called regularly from ordinary code, raises it again. While C++ code runs, Python
    runs no handler at all: if a step takes longer than `patience`, a thread ends the process. That is safe
    because every file that outlives a run is written atomically, so the run can be killed at any moment.

    Args:
        last: called by that thread before it ends the process; prints the run's last message.
        patience: seconds from the signal until that thread ends the process.
        end: ends the process.
    """

    def __init__(
        self,
        last: Callable[[], None] = lambda: None,
        patience: float = PATIENCE,
        end: Callable[[int], None] = os._exit,
    ):
        self._last, self._patience, self._end = last, patience, end
        self._requested, self._over = False, threading.Event()
        self._before: dict[signal.Signals, Any] = {}  # previous handlers, as `signal` returns them

    def __enter__(self) -> "Interruption":
        self._before = {number: signal.signal(number, self._raise) for number in _BY}
        # C writes the signal's number here at once, even if the main thread cannot run a handler for long.
        self._read, self._write = socket.socketpair()
        self._write.setblocking(False)
        self._wakeup = signal.set_wakeup_fd(self._write.fileno(), warn_on_full_buffer=False)
        self._thread = threading.Thread(target=self._watch, name="interruption", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exception) -> None:
        self._over.set()
        signal.set_wakeup_fd(self._wakeup)
        self._write.close()  # the thread reads the end of the stream and returns
        self._thread.join()
        self._read.close()
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raises KeyboardInterrupt if a signal has arrived."""
        if self._requested:
            raise KeyboardInterrupt

    def _raise(self, number: int, _) -> None:
        self._requested = True
        with contextlib.suppress(OSError):
            self._write.send(bytes([number]))  # an event loop may have put its own descriptor there
        raise KeyboardInterrupt

    def _watch(self) -> None:
        while received := self._read.recv(1):
            if received[0] in _BY:
                self._requested = True
                if not self._over.wait(self._patience):
                    try:
                        self._last()
                    finally:  # a full disk or a closed terminal must not keep the process
                        self._end(1)
                return

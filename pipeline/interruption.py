"""Ctrl-C and SIGTERM that cannot get lost."""

import signal


class Interruption:
    """Raises KeyboardInterrupt in the main thread on SIGINT and SIGTERM, and remembers that it did.

    An exception raised while TensorFlow's C++ calls back into Python, or while Python frees an object, is
    dropped there. `check`, called now and then from ordinary code, raises it again.
    """

    def __init__(self):
        self._requested = False
        self._before = {}

    def __enter__(self) -> "Interruption":
        self._before = {
            number: signal.signal(number, self._raise) for number in (signal.SIGINT, signal.SIGTERM)
        }
        return self

    def __exit__(self, *exception) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raises KeyboardInterrupt if a signal came."""
        if self._requested:
            raise KeyboardInterrupt

    def _raise(self, *_) -> None:
        self._requested = True
        raise KeyboardInterrupt

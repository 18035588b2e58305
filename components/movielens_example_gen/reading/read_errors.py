"""Translation of the system's read errors into errors that say what to do."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from marquee.errors import DataError


@contextmanager
def read_errors_told(path: str | None) -> Iterator[None]:
    """Raises DataError in place of OSError, and of TensorFlow's errors, through whose files TFX reads.

    Args:
        path: where the data was looked for; None for nowhere in particular.
    """
    try:
        yield
    except Exception as error:
        if not isinstance(error, (OSError, *_tensorflows())):
            raise
        where = getattr(error, "filename", None) or path or "the data"
        said = error.strerror if isinstance(error, OSError) else getattr(error, "message", "")
        raise DataError(
            f"{where}: cannot be read: {said or type(error).__name__}",
            "Give this user the right to read it, or name other data with --data.",
        ) from None


def _tensorflows() -> tuple[type[Exception], ...]:
    """Returns TensorFlow's class of errors, if it is loaded: none of them comes from anywhere else."""
    tensorflow = sys.modules.get("tensorflow")
    return (tensorflow.errors.OpError,) if tensorflow and hasattr(tensorflow, "errors") else ()

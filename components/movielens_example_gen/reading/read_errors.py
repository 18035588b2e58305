"""Translation of the system's read errors into errors that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from marquee.errors import DataError


@contextmanager
def read_errors_told(path: str | None) -> Iterator[None]:
    """Raises DataError in place of OSError, and of TensorFlow's errors, through whose files TFX reads.

    Args:
        path: where the data was looked for; None for nowhere in particular.
    """
    from tensorflow.errors import OpError  # takes seconds, and is there as soon as a file is read

    try:
        yield
    except (OSError, OpError) as error:
        where = getattr(error, "filename", None) or path or "the data"
        said = error.strerror if isinstance(error, OSError) else error.message
        raise DataError(
            f"{where}: cannot be read: {said or type(error).__name__}",
            "Give this user the right to read it, or name other data with --data.",
        ) from None

"""Reports the progress of long work through `logging`, independently of who displays it."""

import logging

LOGGER = logging.getLogger("marquee.progress")
LOGGER.propagate = False  # a line per epoch belongs on a progress bar, not in a log
LOGGER.addHandler(logging.NullHandler())


def report(text: str, done: float | None = None) -> None:
    """Reports the progress of the work.

    Args:
        text: a few words, such as `epoch 3 of 15, val_rmse 0.912`.
        done: completed share, 0 to 1; None if unknown.
    """
    LOGGER.info(text, extra={"done": done})


def report_step(text: str) -> None:
    """Reports progress within the last `report`, such as `epoch 3 of 15, step 40 of 400`."""
    LOGGER.info(text, extra={"step": text})

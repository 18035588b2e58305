"""How far long work is, said through `logging` so that whoever watches need not be known here."""

import logging

LOGGER = logging.getLogger("marquee.progress")
LOGGER.propagate = False  # a line an epoch belongs on a bar, not in a log
LOGGER.addHandler(logging.NullHandler())


def report(text: str, done: float | None = None) -> None:
    """Says where the work is.

    Args:
        text: a few words, such as `epoch 3 of 15, val_rmse 0.912`.
        done: the share that is done, 0 to 1; None when nobody knows.
    """
    LOGGER.info(text, extra={"done": done})


def report_step(text: str) -> None:
    """Says where the work is within what `report` said last, such as `epoch 3 of 15, step 40 of 400`."""
    LOGGER.info(text, extra={"step": text})

"""What an epoch came to, as TensorBoard reads it."""

import os
from collections.abc import Mapping

import tensorflow as tf

LOGS = "logs"  # beside what a training or a search leaves: the folder of what TensorBoard reads
TRAIN, VALIDATION = "train", "validation"  # its runs, as Keras's own callback calls them


class EpochLog:
    """Scalars once an epoch, in the runs and under the tags of Keras's `TensorBoard` callback.

    A log `val_rmse` is `epoch_rmse` of the run `validation`, `rmse` that of the run `train`: TensorBoard
    draws both into one chart. Unlike the callback's, a log may begin with epochs that an earlier, killed
    process had finished, and the step is the epoch's number as everything else says it, from 1.

    Args:
        folder: of the log; made by the first epoch.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self._folder = os.fspath(folder)
        self._writers: dict[str, tf.summary.SummaryWriter] = {}

    def write(self, epoch: int, logs: Mapping[str, float]) -> None:
        """The logs of an epoch, on the disk when this returns: whoever is watching sees it at once."""
        for name, value in logs.items():
            with self._writer(VALIDATION if name.startswith("val_") else TRAIN).as_default():
                tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value, step=epoch)
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Nothing is written after this."""
        for writer in self._writers.values():
            writer.close()

    def _writer(self, run: str) -> tf.summary.SummaryWriter:
        if run not in self._writers:
            self._writers[run] = tf.summary.create_file_writer(os.path.join(self._folder, run))
        return self._writers[run]

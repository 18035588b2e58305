"""TensorBoard logs of the epochs' metrics."""

import os
from collections.abc import Mapping

import tensorflow as tf

LOGS = "logs"  # the folder of TensorBoard's logs, beside the other outputs of a training or a search
TRAIN, VALIDATION = "train", "validation"  # names of the runs, as in Keras's own callback


class EpochLog:
    """Writes one scalar per metric and epoch, in the runs and tags of Keras's `TensorBoard` callback.

    `val_rmse` is written as `epoch_rmse` of the run `validation`, and `rmse` as `epoch_rmse` of the run
    `train`: TensorBoard draws both in one chart. Unlike the callback's, a log may begin with epochs that an
    earlier, killed process had finished, and the step is the epoch's number, from 1.

    Args:
        folder: the folder of the log; created by the first epoch.
    """

    def __init__(self, folder: str | os.PathLike[str]):
        self._folder = os.fspath(folder)
        self._writers: dict[str, tf.summary.SummaryWriter] = {}

    def write(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Writes the logs of an epoch and flushes them, so that TensorBoard can show them at once."""
        for name, value in logs.items():
            with self._writer(VALIDATION if name.startswith("val_") else TRAIN).as_default():
                tf.summary.scalar(f"epoch_{name.removeprefix('val_')}", value, step=epoch)
        for writer in self._writers.values():
            writer.flush()

    def close(self) -> None:
        """Closes the log; nothing is written after this."""
        for writer in self._writers.values():
            writer.close()

    def _writer(self, run: str) -> tf.summary.SummaryWriter:
        if run not in self._writers:
            self._writers[run] = tf.summary.create_file_writer(os.path.join(self._folder, run))
        return self._writers[run]

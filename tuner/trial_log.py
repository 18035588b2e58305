"""Logs of a trial for TensorBoard's HParams dashboard."""

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.summary import session_end_pb

from trainer.training.epoch_log import EpochLog


@contextlib.contextmanager
def trial_log(folder: Path, values: Mapping[str, object]) -> Iterator[EpochLog]:
    """Opens the log of a trial, from its first epoch to its final status.

    No experiment is declared: the dashboard gathers the settings and metrics of all sessions by itself, and
    would take one declaration for all of them, ranking's for retrieval's too.

    Args:
        folder: the folder of the trial; the files of an interrupted attempt are removed.
        values: the trial's values by dotted path.
    """
    shutil.rmtree(folder, ignore_errors=True)
    session = tf.summary.create_file_writer(str(folder))
    with session.as_default():
        hparams.hparams(dict(values))  # grouped by the values: a trial's number means nothing across runs
    epochs, status = EpochLog(folder), api_pb2.STATUS_FAILURE
    try:
        yield epochs
        status = api_pb2.STATUS_SUCCESS
    finally:
        with session.as_default():
            tf.summary.experimental.write_raw_pb(session_end_pb(status).SerializeToString(), step=0)
        session.close()
        epochs.close()

"""Runs the exported model over the test split and measures."""

import json
import os

import numpy as np
import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from trainer import features


class Executor(base_executor.BaseExecutor):
    """Executes RunReport."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RunReport."""
        examples = input_dict["examples"]
        model_uri = artifact_utils.get_single_uri(input_dict["model"])
        predict = tf.saved_model.load(path_utils.serving_model_path(model_uri)).signatures["serving_examples"]

        mean = np.mean(np.concatenate([stars.numpy() for _, stars in _batches(examples, features.TRAIN)]))
        predicted, actual = [], []
        for serialized, stars in _batches(examples, features.TEST):
            predicted.append(predict(examples=serialized)[features.USER_RATING].numpy())
            actual.append(stars.numpy())
        predicted, actual = np.concatenate(predicted), np.concatenate(actual)
        report = {
            "test": {"rows": len(actual), **_errors(predicted - actual)},
            "mean_rating_baseline": _errors(mean - actual),
        }
        io_utils.write_string_file(
            os.path.join(artifact_utils.get_single_uri(output_dict["report"]), "report.json"),
            json.dumps(report, indent=1),
        )


def _batches(examples: list[types.Artifact], split: str) -> tf.data.Dataset:
    files = [
        file
        for uri in artifact_utils.get_split_uris(examples, split)
        for file in tf.io.gfile.glob(io_utils.all_files_pattern(uri))
    ]
    rating = {features.USER_RATING: tf.io.FixedLenFeature([], tf.float32)}
    return (
        tf.data.TFRecordDataset(files, compression_type="GZIP", num_parallel_reads=2)
        .batch(4096)
        .map(lambda batch: (batch, tf.io.parse_example(batch, rating)[features.USER_RATING]))
        .prefetch(2)
    )


def _errors(difference: np.ndarray) -> dict[str, float]:
    difference = difference.astype(np.float64)
    return {
        "rmse": float(np.sqrt(np.mean(difference**2))),
        "mae": float(np.mean(np.abs(difference))),
    }

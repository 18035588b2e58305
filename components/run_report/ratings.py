"""How far the ranking model's ratings are from those given."""

import numpy as np
import tensorflow as tf

from trainer import features


def rating_errors(saved_model: str, train: list[str], test: list[str]) -> dict[str, dict]:
    """Errors over test's rows.

    Args:
        saved_model: the ranking model's path.
        train: file patterns, for the mean rating.
        test: file patterns.

    Returns:
        `test` (rows, rmse, mae) and `mean_rating_baseline` (rmse, mae).
    """
    predict = tf.saved_model.load(saved_model).signatures["serving_examples"]
    mean = np.mean(np.concatenate([stars.numpy() for _, stars in _batches(train)]))
    predicted, actual = [], []
    for serialized, stars in _batches(test):
        predicted.append(predict(examples=serialized)[features.USER_RATING].numpy())
        actual.append(stars.numpy())
    predicted, actual = np.concatenate(predicted), np.concatenate(actual)
    return {
        "test": {"rows": len(actual), **_errors(predicted - actual)},
        "mean_rating_baseline": _errors(mean - actual),
    }


def _batches(patterns: list[str]) -> tf.data.Dataset:
    files = [file for pattern in patterns for file in tf.io.gfile.glob(pattern)]
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

"""Splitting of sequences into inputs and prediction targets.

Each function takes features by name and the name of the target feature. The features in `sequences` are
ragged [B, (n)] and of equal lengths. It returns (inputs, targets), and leaves the other features as they are.
For `tf.data`: `dataset.map(lambda features: predict_next(features, "movie_id", ["movie_id", "stars"]))`.
"""

from collections.abc import Collection

import tensorflow as tf

Features = dict[str, tf.Tensor | tf.RaggedTensor]


def predict_next(
    features: Features, target: str, sequences: Collection[str]
) -> tuple[Features, tf.RaggedTensor]:
    """Targets the next step at every step, as in SASRec (Kang and McAuley, 2018) and language models.

    Returns:
        (inputs without each sequence's last step, targets ragged [B, (n - 1)]: the target without its
        first step).

    Examples:
        >>> inputs, targets = predict_next({"film": tf.ragged.constant([[1, 2, 3]])}, "film", ["film"])
        >>> inputs["film"].to_list(), targets.to_list()
        ([[1, 2]], [[2, 3]])
    """
    _check(features, target, sequences)
    return _map(features, sequences, lambda each: each[:, :-1]), features[target][:, 1:]


def predict_last(features: Features, target: str, sequences: Collection[str]) -> tuple[Features, tf.Tensor]:
    """Targets the last step, given all steps before it, as in leave-one-out evaluation.

    Returns:
        (inputs without each sequence's last step, targets [B]).

    Examples:
        >>> inputs, targets = predict_last({"film": tf.ragged.constant([[1, 2, 3]])}, "film", ["film"])
        >>> inputs["film"].to_list(), targets.numpy().tolist()
        ([[1, 2]], [3])
    """
    _check(features, target, sequences)
    values = features[target]
    last = tf.gather(values.flat_values, values.row_limits() - 1)
    return _map(features, sequences, lambda each: each[:, :-1]), last


def predict_random(
    features: Features, target: str, sequences: Collection[str], seed=None
) -> tuple[Features, tf.Tensor]:
    """Targets a random step of each sequence, any but the first, given the steps before it.

    Args:
        features, target, sequences: as in the module's description.
        seed: two integers; the same seed gives the same steps. None: different steps at every call.

    Returns:
        (inputs before the chosen step, targets [B]).

    Examples:
        >>> inputs, targets = predict_random({"film": tf.ragged.constant([[1, 2], [3, 4]])}, "film", ["film"])
        >>> inputs["film"].to_list(), targets.numpy().tolist()  # of two steps it is the second
        ([[1], [3]], [2, 4])
    """
    _check(features, target, sequences)
    values = features[target]
    lengths = values.row_lengths()
    chance = (
        tf.random.uniform(tf.shape(lengths))
        if seed is None
        else tf.random.stateless_uniform(tf.shape(lengths), seed)
    )
    # float32 may round n - 1 chances up to n.
    place = 1 + tf.minimum(tf.cast(chance * tf.cast(lengths - 1, tf.float32), lengths.dtype), lengths - 2)
    chosen = tf.gather(values.flat_values, values.row_starts() + place)
    return _map(features, sequences, lambda each: _first(each, place)), chosen


def _first(lists: tf.RaggedTensor, count: tf.Tensor) -> tf.RaggedTensor:
    """Returns the first `count`, [B], steps of each list."""
    step = tf.ragged.range(lists.row_lengths()).with_row_splits_dtype(lists.row_splits.dtype)
    return tf.ragged.boolean_mask(lists, step < tf.cast(count, step.dtype)[:, None])


def _map(features: Features, sequences: Collection[str], change) -> Features:
    return {name: change(each) if name in sequences else each for name, each in features.items()}


def _check(features: Features, target: str, sequences: Collection[str]) -> None:
    if target not in sequences:
        raise ValueError(f"The target {target!r} is none of the sequences {sorted(sequences)}.")
    for name in sequences:
        if not isinstance(features[name], tf.RaggedTensor):
            raise ValueError(f"{name!r} is not ragged: see trainer.models.transforms.as_ragged.")
    tf.debugging.assert_greater(
        features[target].row_lengths(),
        tf.constant(1, features[target].row_splits.dtype),
        f"A sequence of {target!r} has fewer than two steps: there is nothing to predict it from.",
    )

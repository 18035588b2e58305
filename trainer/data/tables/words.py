"""Words of raw values, by which models tell them apart."""

from collections.abc import Iterator, Sequence
from typing import Any

import tensorflow as tf

from trainer.data.description import Categories, Category, Text

# Of a category with more words than its limit, the others share at most this many rows, by hash.
BUCKETS = 1_000


def words(feature: Any, values: tf.Tensor) -> tf.Tensor:
    """Returns the words of raw values, also inside a graph.

    Args:
        feature: a Category, Categories or Text.
        values: string, values of tf.Examples: [N], of Categories ragged [N, (words)] or flat.

    Returns:
        string of the same shape; of a Text ragged [N, (words)], in lower case and repeated as in the text.
    """
    if isinstance(feature, Text):
        letters = tf.strings.regex_replace(tf.strings.lower(values, "utf-8"), r"[^\pL\pN_]+", " ")
        return tf.strings.split(letters)
    if isinstance(feature, Category) and feature.prefix is not None:
        return tf.strings.substr(values, 0, feature.prefix, unit="UTF8_CHAR")
    return values


def words_of_column(feature: Any, values: Sequence) -> Iterator:
    """Yields all words of a raw column, which is a sequence of words per row for Categories."""
    if isinstance(feature, Categories):
        for row in values:
            yield from row
    elif len(values):
        found = words(feature, tf.constant(list(values), tf.string))
        yield from (found.values if isinstance(feature, Text) else found).numpy().tolist()

"""The vocabularies as TFT computes them: what ours are compared with."""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.data import features
from trainer.data.description import Description, Text
from trainer.data.tables.words import words

#: Vocabularies that every data set has; a file's name is the key, whatever the data set calls it.
ALWAYS = (features.USER_ID, features.MOVIE_ID, features.MOVIE_TITLE)


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Writes a vocabulary, most frequent first, for ids, titles, and each feature that is learned by words.

    Args:
        inputs: the raw features of a batch, as the schema describes them.
        custom_config: `description`, a `trainer.data.description.Description` as plain data.

    Returns:
        The rating alone: Transform requires an output, and this one costs nothing.
    """
    description = Description.model_validate(custom_config["description"])
    for key in ALWAYS:
        name = description.names.outside(key)
        if name in inputs:
            tft.vocabulary(inputs[name], vocab_filename=key, name=f"vocabulary_{key}")
    for key, feature in description.with_vocabulary().items():
        name = feature.name or key
        if name in inputs:
            tft.vocabulary(
                _words(feature, inputs[name]),
                top_k=feature.limit,
                vocab_filename=name,
                name=f"vocabulary_{name}",
            )
    name = description.names.rating
    rating = inputs[name]
    return {name: tf.sparse.to_dense(rating) if isinstance(rating, tf.SparseTensor) else rating}


def _words(feature: Any, raw: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    found = words(feature, raw.values if isinstance(raw, tf.SparseTensor) else tf.reshape(raw, [-1]))
    return found.values if isinstance(feature, Text) else found

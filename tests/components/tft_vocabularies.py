"""The vocabularies as TFT computes them: what ours are compared with."""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.data import features
from trainer.data.description import Description, Text
from trainer.data.tables.words import words

#: Vocabularies that every data set has; the file's name is the feature's.
ALWAYS = (features.USER_ID, features.MOVIE_ID, features.MOVIE_TITLE)


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    for name in ALWAYS:
        if name in inputs:
            tft.vocabulary(inputs[name], vocab_filename=name, name=f"vocabulary_{name}")
    description = Description.model_validate(custom_config["description"])
    for key, feature in description.with_vocabulary().items():
        name = feature.name or key
        if name in inputs:
            tft.vocabulary(
                _words(feature, inputs[name]),
                top_k=feature.limit,
                vocab_filename=name,
                name=f"vocabulary_{name}",
            )
    rating = inputs[features.USER_RATING]
    return {
        features.USER_RATING: tf.sparse.to_dense(rating) if isinstance(rating, tf.SparseTensor) else rating
    }


def _words(feature: Any, raw: tf.Tensor | tf.SparseTensor) -> tf.Tensor:
    found = words(feature, raw.values if isinstance(raw, tf.SparseTensor) else tf.reshape(raw, [-1]))
    return found.values if isinstance(feature, Text) else found

"""The preprocessing function of Transform, which only carries vocabularies that were counted before.

The examples are not written again (`materialize=False`): training looks ids up once, and the exported
model carries the same vocabularies in its StringLookup layers, so there is nothing to skew.
"""

from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from trainer.data.description import Description


def preprocessing_fn(inputs: dict[str, tf.Tensor], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Carries the files of the vocabularies in the graph's folder, as `tft.vocabulary` does.

    Args:
        inputs: the raw features of a batch, as the schema describes them.
        custom_config: `vocabularies`, their files by name; a file's base name is the vocabulary's name; and
            `description`, a `trainer.data.description.Description` as plain data.

    Returns:
        The rating alone: Transform requires an output, and this one costs nothing.
    """
    for name, file in custom_config["vocabularies"].items():
        tft.make_and_track_object(lambda file=file: tf.saved_model.Asset(file), name=f"vocabulary_{name}")
    name = Description.model_validate(custom_config["description"]).names.rating
    rating = inputs[name]
    return {name: tf.sparse.to_dense(rating) if isinstance(rating, tf.SparseTensor) else rating}

"""The preprocessing function of Transform, which computes the vocabularies of the train split.

The examples are not written again (`materialize=False`): training looks ids up once, and the exported
model carries the same vocabularies in its StringLookup layers, so there is nothing to skew.
"""

import tensorflow as tf
import tensorflow_transform as tft

from trainer.data import features

#: Vocabularies every data set has, and those that only some have; the file's name is the feature's.
ALWAYS = (features.USER_ID, features.MOVIE_ID, features.MOVIE_TITLE, features.MOVIE_GENRES)
SOMETIMES = (features.USER_GENDER, features.USER_OCCUPATION)


def preprocessing_fn(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Writes a vocabulary, most frequent first, for each string feature that the schema names.

    Args:
        inputs: the raw features of a batch, as the schema describes them.

    Returns:
        The rating alone: Transform requires an output, and this one costs nothing.
    """
    for name in (*ALWAYS, *SOMETIMES):
        if name in inputs:
            tft.vocabulary(inputs[name], vocab_filename=name, name=f"vocabulary_{name}")
    rating = inputs[features.USER_RATING]
    return {
        features.USER_RATING: tf.sparse.to_dense(rating) if isinstance(rating, tf.SparseTensor) else rating
    }

"""Export of one tower of a trained retrieval model as a SavedModel, from strings to vectors."""

from typing import Literal

import keras
import tensorflow as tf

from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.lookups import string_lookup
from trainer.export.description import write_description
from trainer.export.named import Endpoints
from trainer.models.index.exact import frozen
from trainer.models.retrieval.model import RetrievalModel

VECTOR = "vector"


def export_tower(model: RetrievalModel, side: Literal["user", "item", "movie"], path: str) -> None:
    """Writes one tower as a SavedModel, for search, clustering or comparisons; `path` must not exist yet.

    Signature:
        - serving_default: `user_id` or `movie_id` string [B] (or what the data set calls them), to `vector`
        float32 [B, d]. The products of both towers' vectors are the model's scores. Unknown users or films
        have the unknown one's vector.

    Args:
        model: the trained model.
        side: the tower to export; `movie` is the name that earlier versions gave to `item`.
        path: the path of the SavedModel.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> from tempfile import TemporaryDirectory
        >>> from trainer.models.retrieval.mf import Mf, MfConfig
        >>> with TemporaryDirectory() as folder:
        ...     export_tower(Mf(MfConfig(dim=4), catalogue), "item", f"{folder}/tower")
        ...     tower = tf.saved_model.load(f"{folder}/tower").signatures["serving_default"]
        ...     tuple(tower(movie_id=tf.constant(["1", "unheard of"]))["vector"].shape)
        (2, 5)

    Raises:
        ValueError: `side` is neither `user` nor `item`.
    """
    name = {"user": USER_ID, "item": MOVIE_ID, "movie": MOVIE_ID}.get(side)
    if name is None:
        raise ValueError(f"A retrieval model has a 'user' and an 'item' side, not {side!r}.")
    encoder = Encoder(model, name)
    archive = keras.export.ExportArchive()
    archive.track(encoder)
    archive.track(encoder.lookup)  # Keras does not always find tables by walking down from a layer
    endpoints = Endpoints(archive, model.catalogue.description.names)
    endpoints.add("serving_default", encoder.encode, [tf.TensorSpec([None], tf.string, name=name)])
    archive.write_out(path, verbose=False)
    write_description(path, model.catalogue.description)


class Encoder(keras.layers.Layer):
    """A lookup of strings in the tower's vectors, computed for its whole vocabulary."""

    def __init__(self, model: RetrievalModel, name: str, **kwargs):
        super().__init__(dtype="float32", trainable=False, **kwargs)
        catalogue = model.catalogue
        if name == USER_ID:
            vocabulary, vectors = catalogue.vocabularies.user_id, model.user_vectors
        else:
            vocabulary, vectors = catalogue.vocabularies.movie_id, model.item_vectors
        self.lookup = string_lookup(vocabulary)
        self._vectors = frozen(self, "vectors", vectors(tf.range(len(vocabulary) + 1)).numpy())
        self.built = True

    def encode(self, strings):
        return {VECTOR: tf.gather(self._vectors, self.lookup(strings))}

"""DeepFM: `deepfm`.

Guo et al., "DeepFM: A Factorization-Machine based Neural Network for CTR Prediction", 2017,
https://arxiv.org/abs/1703.04247.
"""

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.layers.field_embeddings import FieldEmbeddings
from trainer.models.layers.pairwise_products import PairwiseProducts
from trainer.models.ranking.config import DeepfmConfig
from trainer.models.ranking.field_model import FieldModel


class Deepfm(FieldModel):
    """The sum of a factorization machine over the fields and a dense network over the same embeddings.

    A numeric feature is a field too: its vector times its value.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Deepfm(DeepfmConfig(dim=2, hidden=(4,)), catalogue)
        >>> tuple(model({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])}).shape)  # ratings
        (2,)
    """

    blocks = ("single", "numbers_single", "numbers_vectors", "deep")

    def __init__(self, config: DeepfmConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self.single = FieldEmbeddings(
            catalogue, self.features, 1, regularizer=self._prior(config.bias_l2), name="single"
        )
        self.numbers_single = self.numbers_vectors = None
        if count := len(self.numbers.features):
            self.numbers_single = keras.layers.Dense(1, use_bias=False, name="numbers_single")
            self.numbers_vectors = keras.layers.EinsumDense(
                "bn,nd->bnd", output_shape=(count, config.dim), name="numbers_vectors"
            )
        self._pairs = PairwiseProducts()
        self.deep = dense_stack(config.hidden, config.dropout, outputs=1, name="deep")

    def scores(self, features, training=False):
        vectors = tf.stack(list(self.fields(features).values()), axis=1)
        linear = tf.add_n(list(self.single(features).values()))
        if self.numbers_vectors:
            numbers = self.numbers(features)
            vectors = tf.concat([vectors, self.numbers_vectors(numbers)], axis=1)
            linear += self.numbers_single(numbers)
        flat = tf.reshape(vectors, [-1, vectors.shape[1] * vectors.shape[2]])
        return tf.add_n(
            [
                tf.cast(each, tf.float32)
                for each in (linear, self._pairs(vectors), self.deep(flat, training=training))
            ]
        )

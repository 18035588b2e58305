"""Self-attention over a user's watched films: `sasrec`.

Kang and McAuley, "Self-Attentive Sequential Recommendation" (2018): at every position of a history the films
so far predict the next one. With the other target, the rest of a history predicts films that were left out of
it, using context from both sides, as in Sun et al., "BERT4Rec" (2019). That target is for splits that hold
out past ratings as well; such splits have no order, so the history has none either. A loss with one random
negative makes the model overconfident (Petrov and Macdonald, "gSASRec", 2023), so the loss is a softmax over
the catalogue, or over many sampled films. Every history begins with a row that marks its start, so that users
without a history get recommendations too.
"""

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.row_keys import row_keys
from trainer.models.base import Weight
from trainer.models.layers.gaussian_prior import GaussianPrior
from trainer.models.retrieval.config import SasrecConfig
from trainer.models.retrieval.histories import Histories, multi_hot
from trainer.models.retrieval.history_model import HistoryModel
from trainer.models.retrieval.towers import with_one
from trainer.models.samplers import sampler
from trainer.models.samplers.false_negatives import NEVER
from trainer.models.tasks import Retrieval

ALL = 0.02  # share of users whose whole history is left out in a step: the model learns to serve new users


class Sasrec(HistoryModel):
    """Self-attention over histories: score = ⟨the history's encoding, film⟩ + the film's bias."""

    def __init__(self, config: SasrecConfig, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, latest=config.history_limit, **kwargs)
        self._config, self._seeds = config, keras.random.SeedGenerator()
        self._whole = Histories(catalogue.watched)
        self.encoder = Attention(config, catalogue)
        self._bias = self.add_weight(shape=(catalogue.movies, 1), initializer="zeros", name="bias")
        self._sampler = None
        if config.loss == "sampled":
            self._sampler = sampler(config.sampler, catalogue.watchers.lengths, config.negatives)
        self.task = Retrieval(remove_accidental_hits=self._sampler is not None)
        self.built = True

    def compute_loss(self, inputs, training=False):
        loss = self._of_next if self._config.target == "next" else self._of_left_out
        return loss(inputs[USER_ID], training)

    def _of_next(self, users, training):
        """Returns the mean loss of predicting each film of the histories from those before it."""
        wanted = self.histories.of(users)
        states = self.encoder.states(wanted[:, :-1], training=training)
        places = tf.where(tf.sequence_mask(wanted.row_lengths(), tf.shape(states, tf.int64)[1]))
        queries = with_one(tf.gather_nd(states, places))
        weights = self.histories.weights_of(users)
        weights = None if weights is None else weights.values
        if self._sampler is None:
            return self.task(queries, self._candidates(), positives=wanted.values - 1, sample_weight=weights)
        return self._among_drawn(queries, wanted.values, weights)

    def _of_left_out(self, users, training):
        """Returns the mean loss of predicting each left-out film from the rest of its history."""
        seen, wanted, weights = self._parted(self._whole.of(users), self._whole.weights_of(users))
        # All left-out films are targets; only the input history is limited in length.
        queries = self.encoder.encode(seen[:, -self._config.history_limit :], training=training)
        if self._sampler is not None:
            weights = None if weights is None else weights.values
            return self._among_drawn(tf.gather(queries, wanted.value_rowids()), wanted.values, weights)
        # One softmax for all left-out films of a history. Films in the input are not candidates.
        scores = tf.matmul(queries, self._candidates(), transpose_b=True)
        scores += NEVER * multi_hot(seen, self.catalogue.movies)[:, 1:]
        wanted = multi_hot(wanted, self.catalogue.movies, weights)[:, 1:]
        likelihood = tf.reduce_sum(wanted * tf.nn.log_softmax(scores))
        return -likelihood / tf.maximum(tf.reduce_sum(wanted), 1)

    def _candidates(self):
        return self.item_vectors(tf.range(1, self.catalogue.movies))  # the OOV row is not a candidate

    def _among_drawn(self, queries, films, weights):
        """Returns the mean loss of rows of a query and its film, against sampled films."""
        drawn, expected = self._sampler.draw()
        return self.task(
            queries,
            self.item_vectors(drawn),
            sample_weight=weights,
            candidate_sampling_probability=expected,
            candidate_ids=drawn,
            own_embeddings=self.item_vectors(films),
            own_ids=films,
        )

    def _parted(self, histories, weights):
        """Splits the histories into (input films, left-out films, the latter's weights or None).

        Each is ragged [B, (n)].
        """
        users = [tf.shape(histories.row_lengths())[0]]
        share = keras.random.uniform(users, maxval=self._config.left_out, seed=self._seeds)
        share = tf.where(keras.random.uniform(users, seed=self._seeds) < ALL, 1.0, share)
        chance = keras.random.uniform(tf.shape(histories.values), seed=self._seeds)
        left_out = chance < tf.gather(share, histories.value_rowids())
        seen, wanted = (histories.with_values(kept) for kept in (~left_out, left_out))
        return (
            tf.ragged.boolean_mask(histories, seen),
            tf.ragged.boolean_mask(histories, wanted),
            None if weights is None else tf.ragged.boolean_mask(weights, wanted),
        )

    def item_vectors(self, ids):
        return tf.concat([tf.gather(self.encoder.films, ids), tf.gather(self._bias, ids)], axis=1)

    def weights_by_name(self) -> dict[str, Weight]:
        keys = row_keys(self.catalogue, MOVIE_ID)
        network = [each for each in self.encoder.trainable_weights if each is not self.encoder.films]
        return {
            MOVIE_ID: Weight(self.encoder.films, keys),
            "bias": Weight(self._bias, keys),
            # Named by position: layers that are built one by one may have weights of the same name.
            **{f"encoder/{place}_{each.name}": Weight(each) for place, each in enumerate(network)},
        }


class Attention(keras.layers.Layer):
    """Film embeddings, followed by blocks of attention and two dense layers each.

    With the target `next`, a film has a position embedding too and attends only to earlier films. Otherwise
    all films attend to each other, without positions. Each part of a block is a residual branch with layer
    normalization of its input.

    Args:
        config: the config with the widths and the number of blocks.
        catalogue: the catalogue of train; the OOV film's row marks the start of a history.

    Attributes:
        films: the film embeddings, float32 [movies, dim].
    """

    def __init__(self, config: SasrecConfig, catalogue: Catalogue, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._next = config.target == "next"
        normal = keras.initializers.RandomNormal(stddev=config.dim**-0.5)
        self.films = self.add_weight(
            shape=(catalogue.movies, config.dim),
            initializer=normal,
            # Not scaled by √dim as in the paper, so that a prior means the same at any width.
            regularizer=GaussianPrior(config.l2, config.l2, catalogue.rows),
            name="films",
        )
        if self._next:
            places = (config.history_limit + 1, config.dim)
            self._places = self.add_weight(shape=places, initializer=normal, name="places")
        self._dropout = keras.layers.Dropout(config.dropout, dtype="float32")
        self._blocks = [Block(config, name=f"block_{place}") for place in range(config.blocks)]
        self._norm = keras.layers.LayerNormalization(dtype="float32", name="norm")
        self._norm.build((None, None, config.dim))
        self.built = True

    def encode(self, histories, weights=None, training=False):
        """Encodes histories, ragged int32 [B, (n)], as last or mean state: float32 [B, dim + 1].

        `weights`, ragged float32 [B, (n)], weigh the states in the mean; the last state has no use for them.
        """
        states = self.states(histories, training=training)
        if self._next:
            return with_one(tf.gather(states, histories.row_lengths(), batch_dims=1))
        there = tf.cast(_there(histories), tf.float32)[:, :, None]
        if weights is not None:  # the start's state counts 1, like a film's
            there = tf.pad(weights.to_tensor(), [[0, 0], [1, 0]], constant_values=1.0)[:, :, None]
        return with_one(tf.reduce_sum(states * there, axis=1) / tf.reduce_sum(there, axis=1))

    def states(self, histories, training=False):
        """Returns the state at each position: float32 [B, 1 + the longest, dim]; the first is the start's.

        The states after a history's end are meaningless.
        """
        films = tf.pad(histories.to_tensor(), [[0, 0], [1, 0]])
        states = tf.gather(tf.convert_to_tensor(self.films), films)
        if self._next:
            states += self._places[: tf.shape(films)[1]]
        states = self._dropout(states, training=training)
        among = None if self._next else _there(histories)[:, None, :]
        for block in self._blocks:
            states = block(states, among, training=training)
        return self._norm(states)


def _there(histories):
    """Returns the mask of the valid positions of `Attention.states`: bool [B, 1 + the longest]."""
    lengths = histories.row_lengths() + 1
    return tf.sequence_mask(lengths, tf.maximum(tf.reduce_max(lengths), 1))


class Block(keras.layers.Layer):
    """Attention to earlier positions, or to those of `among`, then two dense layers at each position."""

    def __init__(self, config: SasrecConfig, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        width = config.dim
        self._attention = keras.layers.MultiHeadAttention(
            config.heads,
            width // config.heads,
            dropout=config.dropout,
            # Keras's default, Glorot's, treats 3-D kernels as convolutions, so the values would be too small.
            kernel_initializer=keras.initializers.RandomNormal(stddev=width**-0.5),
            dtype="float32",
            name="attention",
        )
        self._attention.build((None, None, width), (None, None, width))
        self._inner = keras.layers.Dense(2 * width, activation="relu", dtype="float32", name="inner")
        self._outer = keras.layers.Dense(width, dtype="float32", name="outer")
        self._before = keras.layers.LayerNormalization(dtype="float32", name="before")
        self._between = keras.layers.LayerNormalization(dtype="float32", name="between")
        for layer in (self._inner, self._before, self._between):
            layer.build((None, None, width))
        self._outer.build((None, None, 2 * width))
        self._dropout = keras.layers.Dropout(config.dropout, dtype="float32")
        self.built = True

    def call(self, states, among=None, training=False):
        normal = self._before(states)
        attended = self._attention(
            normal, normal, attention_mask=among, use_causal_mask=among is None, training=training
        )
        states += self._dropout(attended, training=training)
        dense = self._outer(self._inner(self._between(states)))
        return states + self._dropout(dense, training=training)

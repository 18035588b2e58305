"""Self-attention over what someone has watched: `sasrec`.

Kang and McAuley, "Self-Attentive Sequential Recommendation" (2018). At every place of a history the films so
far foretell the next one. Or all that is left of a history foretells what was left out of it, from before and
after, as in Sun et al., "BERT4Rec" (2019): for splits that hold out the past as well; these have no order, so
neither has the history. As in Petrov and Macdonald, "gSASRec" (2023), the loss is not one random negative's,
which makes the model too sure of itself, but a softmax over the catalogue, or over many films drawn. A
history begins with a row that stands for its beginning, so that who has watched nothing is answered too.
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

ALL = 0.02  # of users everything is left out in a step: so the model learns what to give to someone new


class Sasrec(HistoryModel):
    """score = ⟨what attention makes of the history, film⟩ + the film's bias."""

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
        """The mean loss of each film of the histories, foretold by those before it."""
        wanted = self.histories.of(users)
        states = self.encoder.states(wanted[:, :-1], training=training)
        places = tf.where(tf.sequence_mask(wanted.row_lengths(), tf.shape(states, tf.int64)[1]))
        queries = with_one(tf.gather_nd(states, places))
        if self._sampler is None:
            return self.task(queries, self._candidates(), positives=wanted.values - 1)
        return self._among_drawn(queries, wanted.values)

    def _of_left_out(self, users, training):
        """The mean loss of each film that was left out of the histories, foretold by what is left of them."""
        seen, wanted = self._parted(self._whole.of(users))
        # Of what was left out everything is learned, however long the history.
        queries = self.encoder.encode(seen[:, -self._config.history_limit :], training=training)
        if self._sampler is not None:
            return self._among_drawn(tf.gather(queries, wanted.value_rowids()), wanted.values)
        # One softmax for all that was left out of a history. What was seen is not recommended: no candidate.
        scores = tf.matmul(queries, self._candidates(), transpose_b=True)
        scores += NEVER * multi_hot(seen, self.catalogue.movies)[:, 1:]
        wanted = multi_hot(wanted, self.catalogue.movies)[:, 1:]
        likelihood = tf.reduce_sum(wanted * tf.nn.log_softmax(scores))
        return -likelihood / tf.maximum(tf.reduce_sum(wanted), 1)

    def _candidates(self):
        return self.item_vectors(tf.range(1, self.catalogue.movies))  # the OOV row is none

    def _among_drawn(self, queries, films):
        """The mean loss of rows of a query and its film, among films drawn."""
        drawn, expected = self._sampler.draw()
        return self.task(
            queries,
            self.item_vectors(drawn),
            candidate_sampling_probability=expected,
            candidate_ids=drawn,
            own_embeddings=self.item_vectors(films),
            own_ids=films,
        )

    def _parted(self, histories):
        """(what is seen of the histories, what was left out), each ragged int32 [B, (n)]."""
        users = [tf.shape(histories.row_lengths())[0]]
        share = keras.random.uniform(users, maxval=self._config.left_out, seed=self._seeds)
        share = tf.where(keras.random.uniform(users, seed=self._seeds) < ALL, 1.0, share)
        chance = keras.random.uniform(tf.shape(histories.values), seed=self._seeds)
        left_out = chance < tf.gather(share, histories.value_rowids())
        return tuple(
            tf.ragged.boolean_mask(histories, histories.with_values(kept)) for kept in (~left_out, left_out)
        )

    def item_vectors(self, ids):
        return tf.concat([tf.gather(self.encoder.films, ids), tf.gather(self._bias, ids)], axis=1)

    def weights_by_name(self) -> dict[str, Weight]:
        keys = row_keys(self.catalogue, MOVIE_ID)
        network = [each for each in self.encoder.trainable_weights if each is not self.encoder.films]
        return {
            MOVIE_ID: Weight(self.encoder.films, keys),
            "bias": Weight(self._bias, keys),
            # By their place: layers that are built one by one do not name their weights apart.
            **{f"encoder/{place}_{each.name}": Weight(each) for place, each in enumerate(network)},
        }


class Attention(keras.layers.Layer):
    """Embeddings of films, then blocks of attention and two dense layers each.

    With the target `next` a film has its place's embedding too, and attends to what came before it; else all
    attend to all, wherever they are. Each part of a block is normalized first and added to what it was given.

    Args:
        config: widths, and how many.
        catalogue: of train; the OOV film's row stands for a history's beginning.

    Attributes:
        films: float32 [movies, dim].
    """

    def __init__(self, config: SasrecConfig, catalogue: Catalogue, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self._next = config.target == "next"
        normal = keras.initializers.RandomNormal(stddev=config.dim**-0.5)
        self.films = self.add_weight(
            shape=(catalogue.movies, config.dim),
            initializer=normal,
            # Taken as they are, not times √dim as in the paper: a prior is to mean the same of any width.
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

    def encode(self, histories, training=False):
        """Ragged int32 [B, (n)] to float32 [B, dim + 1]: the state at the latest film, or all their mean."""
        states = self.states(histories, training=training)
        if self._next:
            return with_one(tf.gather(states, histories.row_lengths(), batch_dims=1))
        there = tf.cast(_there(histories), tf.float32)[:, :, None]
        return with_one(tf.reduce_sum(states * there, axis=1) / tf.reduce_sum(there, axis=1))

    def states(self, histories, training=False):
        """What is known at each place: float32 [B, 1 + the longest, dim], the first at the beginning.

        A place behind a history's end holds nothing that means anything.
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
    """Which places of `Attention.states` are of a history, or its beginning: bool [B, 1 + the longest]."""
    lengths = histories.row_lengths() + 1
    return tf.sequence_mask(lengths, tf.maximum(tf.reduce_max(lengths), 1))


class Block(keras.layers.Layer):
    """Attention to what came before, or to the places of `among`; then two dense layers, the same at each."""

    def __init__(self, config: SasrecConfig, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        width = config.dim
        self._attention = keras.layers.MultiHeadAttention(
            config.heads,
            width // config.heads,
            dropout=config.dropout,
            # Keras's default, Glorot's, takes kernels of three dimensions for convolutions': far too small.
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

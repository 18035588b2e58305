"""Heads: they turn the members' scores into a rating and define the training loss."""

import keras
import numpy as np
import tensorflow as tf

from trainer.data.catalogue import Catalogue


class OrdinalHead(keras.layers.Layer):
    """The cumulative logit model of each member: P(rating ≤ star s) = sigmoid(threshold s - score).

    McCullagh, "Regression Models for Ordinal Data", 1980. Thresholds are initialized from the stars' shares
    in train, so that a score of 0 is the average rating. A star that train lacks is never predicted.

    Args:
        catalogue: gives the stars, float32 [S], and their shares.
        members: the number of members, K.
    """

    def __init__(self, catalogue: Catalogue, members: int, **kwargs):
        super().__init__(**kwargs)
        self._stars = tf.constant(catalogue.stars, tf.float32)
        share = np.cumsum(catalogue.star_share)[:-1]
        start = np.tile(np.log(share / (1 - share)), (members, 1)).astype(np.float32)
        self.thresholds = self.add_weight(
            shape=start.shape, initializer=lambda *_, **__: start, name="thresholds"
        )
        self.built = True

    def call(self, scores):
        """Returns the expected star, averaged over members: float32 [B] from [B, K]."""
        return tf.reduce_mean(tf.linalg.matvec(self.shares(scores), self._stars), axis=1)

    def loss(self, scores, ratings):
        """Returns the negative log likelihood of the observed (nearest) star, [B, K]."""
        star = tf.argmin(tf.abs(ratings[:, None] - self._stars), axis=1, output_type=tf.int32)
        observed = tf.one_hot(star, self._stars.shape[0])
        return -tf.math.log(tf.reduce_sum(self.shares(scores) * observed[:, None], axis=2) + 1e-9)

    def shares(self, scores):
        """Returns each star's probability, float32 [B, K, S]."""
        scores = tf.cast(scores, tf.float32)[..., None]
        at_most = tf.sigmoid(tf.cast(self.thresholds, tf.float32) - scores)
        none, every = tf.zeros_like(scores), tf.ones_like(scores)
        return tf.concat([at_most, every], axis=2) - tf.concat([none, at_most], axis=2)


class MeanHead(keras.layers.Layer):
    """The score plus train's mean rating, within the scale; each member is trained by squared error."""

    def __init__(self, catalogue: Catalogue, **kwargs):
        super().__init__(**kwargs)
        self._mean, self._scale = catalogue.mean_rating, catalogue.scale
        self.built = True

    def call(self, scores):
        """Returns the members' mean rating: float32 [B] from [B, K]."""
        rating = self._mean + tf.reduce_mean(tf.cast(scores, tf.float32), axis=1)
        return tf.clip_by_value(rating, *self._scale)

    def loss(self, scores, ratings):
        """Returns the squared errors, [B, K]."""
        return tf.square(self._mean + tf.cast(scores, tf.float32) - ratings[:, None])


class ChanceHead(keras.layers.Layer):
    """The chance of an interaction: the sigmoid of the score plus the log odds of an interaction in train.

    Each member is trained by log loss against sampled negatives, so a chance is that of an interaction among
    as many negatives as training draws beside it: with four, a user who likes everything alike has 0.2.

    Args:
        catalogue: gives the share of interactions.
        share: that of one type of event, if the chance is of this; None: of any interaction.
    """

    def __init__(self, catalogue: Catalogue, share: float | None = None, **kwargs):
        super().__init__(**kwargs)
        share = min(max(catalogue.mean_rating if share is None else share, 1e-6), 1 - 1e-6)
        self._odds = float(np.log(share / (1 - share)))
        self.built = True

    def call(self, scores):
        """Returns the members' mean chance, 0 to 1: float32 [B] from [B, K]."""
        return tf.reduce_mean(tf.sigmoid(self._odds + tf.cast(scores, tf.float32)), axis=1)

    def loss(self, scores, labels):
        """Returns the log losses, [B, K], for labels 1 (an interaction) and 0, [B]."""
        logits = self._odds + tf.cast(scores, tf.float32)
        labels = tf.broadcast_to(labels[:, None], tf.shape(logits))
        return tf.nn.sigmoid_cross_entropy_with_logits(labels, logits)

"""The base class of models whose training step solves for the weights: no gradients, one step per epoch."""

import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.models.retrieval.history_model import HistoryModel


class SolvedModel(HistoryModel):
    """The base class of solved models; a subclass defines `solve`, which assigns the solution.

    The training loop is the same as for other models: epochs, early stopping, backups. The batch is ignored
    and the optimizer is not used: `solve` reads the histories of all users.
    """

    def __init__(self, catalogue: Catalogue, **kwargs):
        super().__init__(catalogue, **kwargs)
        counts = tf.constant(catalogue.watchers.lengths, tf.float32)
        self.popularity = counts / tf.maximum(tf.reduce_max(counts), 1)

    def solve(self):
        """Improves the solution once, and returns its mean squared error, a scalar."""
        raise NotImplementedError(f"{type(self).__name__} defines no solve().")

    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)
        if self.distribute_strategy.num_replicas_in_sync > 1:
            raise TrainingError(
                f"train.strategy is mirrored, but a {type(self).__name__} is solved in one piece.",
                "Set train.strategy to none.",
            )

    def train_step(self, data):
        self._loss_tracker.update_state(self.solve())
        return self.get_metrics_result()


def with_popularity(vectors, popularity):
    """Appends the films' popularity, the score for users without a history, to vectors, float32 [B, d]."""
    return tf.concat([vectors, popularity[:, None]], axis=1)


def with_emptiness(vectors, histories):
    """Appends 1 to the vectors of users without a history, and 0 to those of others."""
    empty = tf.cast(histories.row_lengths() == 0, vectors.dtype)
    return tf.concat([vectors, empty[:, None]], axis=1)

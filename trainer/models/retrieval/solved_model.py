"""Models whose training step solves for what it learns: no loss is followed downhill, an epoch is a step."""

import tensorflow as tf

from marquee.errors import TrainingError
from trainer.data.catalogue import Catalogue
from trainer.models.retrieval.history_model import HistoryModel


class SolvedModel(HistoryModel):
    """A subclass defines `solve`, which puts the solution into its variables.

    The loop is everyone's: epochs, early stopping, backups. The batch says nothing, and the optimizer has
    nothing to do: what is solved from are everyone's histories.
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
    """Films' vectors, float32 [B, d], and at their end what those are shown by who have watched nothing."""
    return tf.concat([vectors, popularity[:, None]], axis=1)


def with_emptiness(vectors, histories):
    """Users' vectors, and at their end 1 for someone who has watched nothing, else 0."""
    empty = tf.cast(histories.row_lengths() == 0, vectors.dtype)
    return tf.concat([vectors, empty[:, None]], axis=1)

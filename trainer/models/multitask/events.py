"""The tasks of implicit data with several types of events: the chance of each against sampled negatives."""

from collections.abc import Mapping

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.implicit.events import WORTH
from trainer.models.layers.heads import ChanceHead
from trainer.models.tasks import Ranking


class EventTasks(keras.layers.Layer):
    """The losses and the answers of the chances of events.

    All tasks have the same rows, interactions and sampled negatives: an interaction is an example of its own
    type, and a negative of each other one. So a chance is that of an event of this type among all rows, the
    chances add up to that of an interaction, and a purchase is told from a mere view as well as from a
    negative (over the whole space of rows, as in Ma et al., "Entire Space Multi-Task Model", 2018).

    Args:
        catalogue: gives the types and weights of events, and their shares among the rows of train.

    Attributes:
        tasks: the names of the tasks, which are those of the answers (`chance_of_view`).
    """

    def __init__(self, catalogue: Catalogue, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        events = catalogue.description.events
        assert events is not None  # `RankingSettings.for_data` refuses data without any
        self.tasks = tuple(events.outputs.values())
        self._shares = events.shares
        self._heads = [ChanceHead(catalogue, share, dtype="float32") for share in catalogue.event_share]
        self._judges = [
            Ranking(
                metrics=[
                    keras.metrics.BinaryCrossentropy(name=events.measure("log_loss", event)),
                    keras.metrics.AUC(name=events.measure("auc", event)),
                ],
                dtype="float32",
                name=f"{task}_task",
            )
            for event, task in events.outputs.items()
        ]
        self.built = True

    def losses(self, logits: Mapping[str, tf.Tensor], event, weight=None) -> dict[str, tf.Tensor]:
        """Returns the mean log loss of each task, and updates the metrics.

        Args:
            logits: by task, float32 [B].
            event: int32 [B], the place of each row's type among the tasks plus one; 0 for a negative.
            weight: the rows' sample weights, [B], or None.
        """
        found = {}
        parts = zip(self.tasks, self._heads, self._judges, strict=True)
        for code, (task, head, judge) in enumerate(parts, start=1):
            labels, scores = tf.cast(event == code, tf.float32), logits[task][:, None]
            each = head.loss(scores, labels)[:, 0]
            found[task] = tf.reduce_mean(each if weight is None else each * weight)
            judge.update(labels, head(scores), found[task], weight)
        return found

    def chances(self, logits: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns each task's chance, and `worth`: float32 [B] each, 0 to 1.

        `worth` is the sum of the chances, each times the declared weight of its type, by the largest weight.
        """
        heads = zip(self.tasks, self._heads, strict=True)
        chances = {task: head(logits[task][:, None]) for task, head in heads}
        weighed = zip(self._shares, chances.values(), strict=True)
        return chances | {WORTH: tf.add_n([share * chance for share, chance in weighed])}

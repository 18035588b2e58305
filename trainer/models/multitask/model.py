"""The base class of `shared_bottom`, `mmoe`, `cgc` and `ple`: tasks with a tower each, weighted losses.

Multi-task learning is due to Caruana, "Multitask Learning", 1997: what one task teaches the shared layers
helps the others.
"""

import keras
import tensorflow as tf

from trainer.data.catalogue import Catalogue
from trainer.data.features import EVENT, MOVIE_ID, USER_RATING
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.multitask.config import MultiTaskConfig
from trainer.models.multitask.events import EventTasks
from trainer.models.ranking.field_model import FieldModel
from trainer.models.ranking.model import SAMPLE_WEIGHT
from trainer.models.samplers import PopularitySampler
from trainer.models.tasks import Ranking

RATING, LIKED, WATCHED = "rating", "liked", "watched"


class MultiTaskModel(FieldModel):
    """The base class of multi-task models.

    A subclass defines `task_vectors`, and names in `blocks` the layers that it uses there. Of implicit data
    the tasks are the chance of an interaction and that of each type of event (`EventTasks`). Of ratings:

    - rating: the stars, with the loss of the head.
    - liked: whether the rating is `liked_from` stars or more.
    - watched: whether a film is one that the user rated, or a sampled negative. By this contrast the logit
      becomes log(the probability that the user's next film is this one / (negatives · the probability that
      it is drawn)), so a sampled film that the user has in fact watched does no harm (Gutmann and Hyvärinen,
      "Noise-contrastive estimation", 2010).

    The loss is the weighted sum of the tasks' mean losses. A task of weight 0 is left out.

    Args:
        config: the config of the kind.
        catalogue: the catalogue of users and films.

    Attributes:
        tasks: the names of the learned tasks, `rating` first.
    """

    def __init__(self, config: MultiTaskConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self._events = EventTasks(catalogue, name="events") if self.chance else None
        others = {LIKED: config.liked_weight, WATCHED: config.watched_weight}
        if self._events is not None:
            others = dict.fromkeys(self._events.tasks, config.event_weight)
        weights = {RATING: config.rating_weight, **others}
        self._weights = {task: weight for task, weight in weights.items() if weight}
        self.tasks = tuple(self._weights)
        self.other_heads = self.tasks[1:]
        self.towers = {task: f"{task}_tower" for task in self.tasks}
        for name in self.towers.values():
            setattr(self, name, dense_stack(config.tower, config.dropout, outputs=1, name=name))
        self.blocks = (*self.blocks, *self.towers.values())
        yes_or_no = () if self._events is not None else self.other_heads
        self._judges = {task: _yes_or_no(task) for task in yes_or_no}
        self._liked_from, self._negatives = config.liked_from, config.negatives
        self._sampler = PopularitySampler(
            catalogue.watchers.lengths, 1, power=0.0 if config.drawn_by == "uniform" else 1.0
        )

    def task_vectors(self, inputs, training=False):
        """Returns the input of each task's tower, by task, float [B, n], for the joined features [B, m]."""
        raise NotImplementedError(f"{type(self).__name__} defines no task_vectors(inputs, training).")

    def logits(self, features, training=False):
        """Returns each tower's output (for `rating`, the score), by task: float32 [B]."""
        vectors = self.task_vectors(self._concatenated(features), training=training)
        towers = {task: getattr(self, name) for task, name in self.towers.items()}
        return {
            task: tf.cast(tower(vectors[task], training=training)[:, 0], tf.float32)
            for task, tower in towers.items()
        }

    def scores(self, features, training=False):
        return self.logits(features, training)[RATING][:, None]

    def rate_tasks(self, features):
        """Returns `user_rating`, and the probability of a yes for each other task: float32 [B] each.

        Of events also `worth`: see `EventTasks.chances`.
        """
        logits = self.logits(features)
        rating = self.head(logits.pop(RATING)[:, None])
        if self._events is not None:
            return {USER_RATING: rating} | self._events.chances(logits)
        return {USER_RATING: rating} | {task: tf.sigmoid(logit) for task, logit in logits.items()}

    def compute_loss(self, inputs, training=False):
        logits, ratings = self.logits(inputs, training), inputs[USER_RATING]
        weight = inputs.get(SAMPLE_WEIGHT)
        losses = {RATING: self.rating_loss(logits[RATING][:, None], ratings, weight)}
        if self._events is not None:
            losses |= self._events.losses(logits, inputs[EVENT], weight)
        if LIKED in self.tasks:
            liked = ratings >= self._liked_from
            losses[LIKED] = self._judges[LIKED](liked, logits[LIKED], sample_weight=weight)
        if WATCHED in self.tasks:
            drawn = self.logits(self._not_watched(inputs), training)[WATCHED]
            labels = tf.concat([tf.ones_like(logits[WATCHED]), tf.zeros_like(drawn)], axis=0)
            # The OOV row is never drawn as a negative, so as a positive it would seem watched by everybody.
            counts = tf.cast(inputs[MOVIE_ID] > 0, tf.float32) * (1.0 if weight is None else weight)
            losses[WATCHED] = self._judges[WATCHED](
                labels,
                tf.concat([logits[WATCHED], drawn], axis=0),
                sample_weight=tf.concat([counts, tf.repeat(counts, self._negatives)], axis=0),
            )
        return tf.add_n([self._weights[task] * loss for task, loss in losses.items()])

    def _not_watched(self, inputs):
        """Returns each row `negatives` times, with a sampled film in place of its own."""
        rows = {
            name: tf.repeat(column, self._negatives, axis=0)
            for name, column in inputs.items()
            if name not in (USER_RATING, SAMPLE_WEIGHT)
        }
        return rows | {MOVIE_ID: self._sampler.draw(tf.shape(rows[MOVIE_ID])[0])[0]}


def _yes_or_no(task: str) -> Ranking:
    return Ranking(
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.AUC(from_logits=True, name=f"{task}_auc")],
        dtype="float32",
        name=f"{task}_task",
    )

"""Hard parameter sharing: `shared_bottom`.

Caruana, "Multitask Learning", 1997, https://doi.org/10.1023/A:1007379606734.
"""

from trainer.data.catalogue import Catalogue
from trainer.models.layers.dense_stack import dense_stack
from trainer.models.multitask.config import SharedBottomConfig
from trainer.models.multitask.model import MultiTaskModel


class SharedBottom(MultiTaskModel):
    """One dense network that all tasks share, with one tower per task on top.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = SharedBottom(SharedBottomConfig(dim=2, bottom=(8,), liked_weight=0), catalogue)
        >>> rated = model.rate_tasks({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])})
        >>> {task: len(values) for task, values in rated.items()}
        {'user_rating': 2, 'watched': 2}
    """

    blocks = ("bottom",)

    def __init__(self, config: SharedBottomConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self.bottom = dense_stack(config.bottom, config.dropout, name="bottom")

    def task_vectors(self, inputs, training=False):
        return dict.fromkeys(self.tasks, self.bottom(inputs, training=training))

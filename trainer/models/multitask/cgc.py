"""Customized gate control: `cgc`.

Tang et al., "Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized
Recommendations", 2020, section 4.1, https://doi.org/10.1145/3383313.3412236.
"""

from trainer.data.catalogue import Catalogue
from trainer.models.layers.extraction import Extraction
from trainer.models.multitask.config import CgcConfig
from trainer.models.multitask.model import MultiTaskModel


class Cgc(MultiTaskModel):
    """Shared and task-specific experts, mixed by one gate per task.

    Without shared experts the tasks are parallel towers.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Cgc(CgcConfig(dim=2, shared_experts=0, watched_weight=0), catalogue)
        >>> rated = model.rate_tasks({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])})
        >>> {task: len(values) for task, values in rated.items()}
        {'user_rating': 2, 'liked': 2}
    """

    blocks = ("extraction",)

    def __init__(self, config: CgcConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self.extraction = Extraction(
            self.tasks,
            config.expert,
            shared=config.shared_experts,
            own=config.task_experts,
            dropout=config.dropout,
            name="extraction",
        )

    def task_vectors(self, inputs, training=False):
        return self.extraction(dict.fromkeys(self.tasks, inputs), inputs, training=training)[0]

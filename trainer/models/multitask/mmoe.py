"""The multi-gate mixture of experts: `mmoe`.

Ma et al., "Modeling Task Relationships in Multi-task Learning with Multi-gate Mixture-of-Experts", 2018,
https://doi.org/10.1145/3219819.3220007.
"""

from trainer.data.catalogue import Catalogue
from trainer.models.layers.extraction import Extraction
from trainer.models.multitask.config import MmoeConfig
from trainer.models.multitask.model import MultiTaskModel


class Mmoe(MultiTaskModel):
    """Experts that all tasks share, mixed for each task by its own gate.

    With one expert it is a shared bottom.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Mmoe(MmoeConfig(dim=2, experts=2), catalogue)
        >>> rated = model.rate_tasks({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])})
        >>> {task: len(values) for task, values in rated.items()}
        {'user_rating': 2, 'liked': 2, 'watched': 2}
    """

    blocks = ("extraction",)

    def __init__(self, config: MmoeConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self.extraction = Extraction(
            self.tasks, config.expert, shared=config.experts, dropout=config.dropout, name="extraction"
        )

    def task_vectors(self, inputs, training=False):
        return self.extraction(dict.fromkeys(self.tasks, inputs), inputs, training=training)[0]

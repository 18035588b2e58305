"""Progressive layered extraction: `ple`.

Tang et al., "Progressive Layered Extraction (PLE): A Novel Multi-Task Learning Model for Personalized
Recommendations", 2020, section 4.2, https://doi.org/10.1145/3383313.3412236.
"""

from trainer.data.catalogue import Catalogue
from trainer.models.layers.extraction import Extraction
from trainer.models.multitask.config import PleConfig
from trainer.models.multitask.model import MultiTaskModel


class Ple(MultiTaskModel):
    """Stacked levels of CGC: each level takes the tasks' vectors and the shared vector of the level below.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> model = Ple(PleConfig(dim=2, levels=3), catalogue)
        >>> model.levels, model.tasks
        (['level_0', 'level_1', 'level_2'], ('rating', 'liked', 'watched'))
        >>> tuple(model({"user_id": tf.constant([1, 2]), "movie_id": tf.constant([3, 1])}).shape)
        (2,)
    """

    def __init__(self, config: PleConfig, catalogue: Catalogue, **kwargs):
        super().__init__(config, catalogue, **kwargs)
        self.levels = [f"level_{level}" for level in range(config.levels)]
        for name in self.levels:
            extraction = Extraction(
                self.tasks,
                config.expert,
                shared=config.shared_experts,
                own=config.task_experts,
                pass_on=name != self.levels[-1],  # the last level feeds only the towers
                dropout=config.dropout,
                name=name,
            )
            setattr(self, name, extraction)
        self.blocks = (*self.levels, *self.blocks)

    def task_vectors(self, inputs, training=False):
        vectors, shared = dict.fromkeys(self.tasks, inputs), inputs
        for name in self.levels:
            vectors, shared = getattr(self, name)(vectors, shared, training=training)
        return vectors

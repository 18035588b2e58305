"""A loss and the metrics that go with it, as a layer."""

from trainer.models.tasks.ranking import Ranking
from trainer.models.tasks.retrieval import Retrieval

__all__ = ["Ranking", "Retrieval"]

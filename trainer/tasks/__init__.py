"""A loss and the metrics that go with it, as a layer."""

from trainer.tasks.ranking import Ranking
from trainer.tasks.retrieval import Retrieval

__all__ = ["Ranking", "Retrieval"]

"""Tasks: a loss and its metrics as one layer."""

from trainer.models.tasks.ranking import Ranking
from trainer.models.tasks.retrieval import Retrieval

__all__ = ["Ranking", "Retrieval"]

"""A retrieval and a ranking SavedModel as one that answers what somebody should watch."""

from trainer.export.recommender.assemble import CANDIDATES, RATING_WEIGHT, assemble

__all__ = ["CANDIDATES", "RATING_WEIGHT", "assemble"]

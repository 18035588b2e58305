"""The recommender: one SavedModel of a retrieval and a ranking SavedModel that recommends films."""

from trainer.export.recommender.assemble import CANDIDATES, RATING_WEIGHT, assemble

__all__ = ["CANDIDATES", "RATING_WEIGHT", "assemble"]

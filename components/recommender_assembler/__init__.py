"""Makes one SavedModel, the recommender, of a ranking and a retrieval model."""

from components.recommender_assembler.component import RecommenderAssembler

__all__ = ["RecommenderAssembler"]

"""Assembly of the recommender, one SavedModel made of a ranking and a retrieval model."""

from components.recommender_assembler.component import RecommenderAssembler

__all__ = ["RecommenderAssembler"]

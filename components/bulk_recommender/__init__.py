"""Recommendations for every user, as an artifact of the run."""

from components.bulk_recommender.component import BulkRecommender

__all__ = ["BulkRecommender"]

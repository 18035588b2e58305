"""The previous run's statistics, kept beside the served models for runners without metadata queries."""

from components.kept_statistics.component import KeepStatistics, PreviousStatistics

__all__ = ["KeepStatistics", "PreviousStatistics"]

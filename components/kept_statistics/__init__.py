"""The statistics of the run before, kept beside the served models where no metadata can be asked."""

from components.kept_statistics.component import KeepStatistics, PreviousStatistics

__all__ = ["KeepStatistics", "PreviousStatistics"]

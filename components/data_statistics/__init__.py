"""TFDV's statistics of examples, computed over record batches."""

from components.data_statistics.component import DataStatistics

__all__ = ["DataStatistics"]

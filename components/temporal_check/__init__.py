"""Measures the judged settings on the next span by time, beside the items that are popular just now."""

from components.temporal_check.component import TemporalCheck

__all__ = ["TemporalCheck"]

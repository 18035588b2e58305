"""Evaluation of the judged settings on a split by time, with recent popularity as a baseline."""

from components.temporal_check.component import TemporalCheck

__all__ = ["TemporalCheck"]

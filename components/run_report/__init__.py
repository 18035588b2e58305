"""The report of a run: metrics on the test split, which no other component reads."""

from components.run_report.component import RunReport

__all__ = ["RunReport"]

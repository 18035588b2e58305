"""What a run came to, measured once on the split that nothing else reads."""

from components.run_report.component import RunReport

__all__ = ["RunReport"]

"""Running a graph: observed, interrupted, resumed."""

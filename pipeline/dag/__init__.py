"""Graph of a run: its nodes, and the place where they run."""

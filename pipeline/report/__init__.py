"""One self-contained HTML file a run: what it did, how good it is, what changed, how to repeat it."""

"""A terminal while a command works: progress, logs, paths."""

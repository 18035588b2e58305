"""Terminal output of running commands: progress, logs, paths."""

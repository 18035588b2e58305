"""Execution of a pipeline graph, with progress events, interruption and partial runs."""

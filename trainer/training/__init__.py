"""Fitting a model: the loop, batches, stopping, backup, warm start."""

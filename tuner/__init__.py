"""Hyperparameter search: search spaces, the tuner_fn, the table of trials."""

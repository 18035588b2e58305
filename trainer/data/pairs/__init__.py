"""Pairs of user and item: their hashes, and the record of those that a model was trained on."""

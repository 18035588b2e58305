"""Retrieval models: they score the whole catalogue for a user at once."""

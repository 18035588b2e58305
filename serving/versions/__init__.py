"""Served models on disk: versions, sets of them, pushing and rolling back."""

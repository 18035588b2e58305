"""Served models on disk: versions, version sets, pushes and roll backs."""

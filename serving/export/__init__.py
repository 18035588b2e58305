"""Served models as files for other runtimes."""

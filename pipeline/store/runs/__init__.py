"""Runs as rows: found, filtered, labelled, compared."""

"""Recommendations for all users at once, written to files."""

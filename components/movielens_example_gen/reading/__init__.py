"""Ratings, titles and people out of those files."""

"""Sections on the quality of ratings and lists."""

"""Evaluation of lists and ratings."""

"""Ratings, features and vocabularies as models see them."""

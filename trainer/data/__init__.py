"""Ratings, features and vocabularies in the form that models use."""

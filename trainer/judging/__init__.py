"""Evaluation of trained and exported models by their lists and vectors."""

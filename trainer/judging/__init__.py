"""Trained and exported models, measured by the lists and vectors that they give."""

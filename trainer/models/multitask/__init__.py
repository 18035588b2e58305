"""Ranking models that learn several things of a pair at once; the rating is what they are served for."""

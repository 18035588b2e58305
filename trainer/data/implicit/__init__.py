"""Implicit feedback: the strengths of interactions, and sampled negatives."""

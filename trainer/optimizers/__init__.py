"""Optimizers that Keras lacks."""

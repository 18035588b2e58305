"""Trained models as SavedModels, verified."""

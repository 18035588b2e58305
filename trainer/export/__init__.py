"""Export of trained models as SavedModels, with verification."""

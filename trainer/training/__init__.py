"""Model training: the loop, batches, early stopping, backup and warm start."""

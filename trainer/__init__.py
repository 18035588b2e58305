"""WHAT is learned: features, models, tasks, the training loop, export. Knows nothing of TFX orchestration."""

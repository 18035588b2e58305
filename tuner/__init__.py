"""HOW the settings are found: search spaces, the tuner_fn, the table of trials."""

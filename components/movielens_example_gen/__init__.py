"""MovieLens files to tf.Examples: a TFX component, and what finds and fingerprints its data."""

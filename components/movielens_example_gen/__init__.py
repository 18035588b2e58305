"""A TFX component that converts MovieLens files to tf.Examples, and the search for its data."""

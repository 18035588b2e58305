"""TFX components of our own, a folder each."""

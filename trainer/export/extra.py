"""The folder of a SavedModel in which TensorFlow Serving expects files that it does not load."""

EXTRA = "assets.extra"

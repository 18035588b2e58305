"""Lookup of strings as integer ids of a vocabulary, inside a TensorFlow graph."""

from collections.abc import Iterable

import keras


def string_lookup(vocabulary: Iterable[str]) -> keras.layers.StringLookup:
    """Returns a lookup, string [...] to int32 [...]: the index in the vocabulary plus one, 0 if absent."""
    # StringLookup refuses an empty vocabulary; a record separator is a value that no data set holds.
    # (Not a NUL: NumPy drops it at a string's end, so "" would be in the vocabulary.)
    lookup = keras.layers.StringLookup(vocabulary=list(vocabulary) or ["\x1e"])
    lookup.build(())  # an export tracks built layers only; otherwise it would need a call first
    return lookup

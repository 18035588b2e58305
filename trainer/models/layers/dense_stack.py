"""A stack of dense ReLU layers: the MLP block of every network in this package."""

from collections.abc import Sequence

import keras


def dense_stack(
    widths: Sequence[int], dropout: float = 0.0, outputs: int | None = None, **kwargs
) -> keras.Sequential:
    """Builds a stack of dense ReLU layers, with a linear output layer on top if `outputs` is given.

    Args:
        widths: the widths of the ReLU layers; if empty, and without `outputs`, the stack is the identity.
        dropout: the dropout rate after each ReLU layer.
        outputs: the width of a last layer without activation; None: no such layer.
        kwargs: arguments of `keras.Sequential`.

    Examples:
        >>> [layer.units for layer in dense_stack((8, 4), outputs=1).layers]
        [8, 4, 1]
    """
    layers = []
    for width in widths:
        layers.append(keras.layers.Dense(width, activation="relu"))
        if dropout:
            layers.append(keras.layers.Dropout(dropout))
    if outputs is not None:
        layers.append(keras.layers.Dense(outputs))
    return keras.Sequential(layers or [keras.layers.Identity()], **kwargs)

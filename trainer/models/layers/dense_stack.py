"""Dense ReLU layers one upon the other: the MLP block of every network here."""

from collections.abc import Sequence

import keras


def dense_stack(
    widths: Sequence[int], dropout: float = 0.0, outputs: int | None = None, **kwargs
) -> keras.Sequential:
    """A network from [B, n] to the last of `widths`, or to `outputs` linear units on top of them.

    Args:
        widths: of the ReLU layers; none, and no `outputs`: what comes in goes out.
        dropout: after each ReLU layer, in training.
        outputs: width of a last layer without activation; None: there is none.
        kwargs: of `keras.Sequential`.

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

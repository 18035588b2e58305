"""A heuristic for the width of an embedding table."""

import math


def embedding_width(rows: int, multiplier: float = 2.0, multiple_of: int = 1) -> int:
    """Returns an embedding width by the rule of Google's feature columns: multiplier · ⁴√rows, rounded up.

    "Introducing TensorFlow Feature Columns" (Google Developers Blog, 2017) gives the fourth root, and
    Merlin Models doubles it.

    Args:
        rows: the number of rows of the table.
        multiplier: the factor of the fourth root.
        multiple_of: the width is rounded up to a multiple of this: 8 suits a GPU's half precision.

    Examples:
        >>> embedding_width(1682), embedding_width(1682, multiple_of=8)
        (13, 16)
    """
    if rows < 1:
        raise ValueError(f"A table has at least one row, not {rows}.")
    # Rounded first: 16 ** 0.25 may be a little more than 2.
    width = math.ceil(round(multiplier * rows**0.25, 9))
    return math.ceil(width / multiple_of) * multiple_of

"""One guess and its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Guess:
    """What a column was taken for, and why.

    Attributes:
        column: the column.
        why: the reason, as it follows a dash.
        detail: what is in the column, such as "943 users".
    """

    column: str
    why: str
    detail: str = ""

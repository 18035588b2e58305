"""What JSON can hold: it knows no NaN and no infinity, and JavaScript refuses a file that has them."""

import math
from typing import Any


def finite(value: Any) -> Any:
    """The same nested lists and dicts, with None for every float that is no number."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

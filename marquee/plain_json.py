"""Replaces values that JSON lacks: JavaScript refuses a file with NaN or infinity."""

import math
from typing import Any


def finite(value: Any) -> Any:
    """Returns the same nested lists and dicts, with None for every float that is NaN or infinite."""
    if isinstance(value, dict):
        return {key: finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value

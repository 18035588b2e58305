"""JSON files that an evaluator leaves."""

import json
from typing import Any

from tfx.dsl.io import fileio
from tfx.utils import io_utils


def write_json(path: str, content: dict[str, Any]) -> None:
    """Writes a file as a whole or not at all.

    Raises:
        ValueError: a number is NaN or infinite, which is no JSON.
    """
    part = f"{path}.part"
    io_utils.write_string_file(part, json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
    fileio.rename(part, path, overwrite=True)

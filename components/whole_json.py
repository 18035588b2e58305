"""JSON files that nodes leave for the report, the pages and later nodes."""

import json
from typing import Any

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from marquee.plain_json import finite


def write_json(path: str, content: dict[str, Any]) -> None:
    """Writes a file as a whole or not at all; null stands for a number that is NaN or infinite."""
    part = f"{path}.part"
    text = json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)
    io_utils.write_string_file(part, text)
    fileio.rename(part, path, overwrite=True)

"""A fingerprint of a data set's files, since TFX's cache key does not cover their content."""

import hashlib
import os

from tfx.dsl.io import fileio

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.spans import recognise_all


def fingerprint(path: str, config: DataConfig, spans: str = "") -> str:
    """Computes SHA-256 over the names and contents of the files that would be read from `path`.

    Args:
        path: the folder or file.
        config: what is read of it.
        spans: which of its spans were chosen, as `spans.name_of` says it; empty to choose now. Others are
            not looked at.

    Raises:
        DataError: as `spans.recognise_all`.
    """
    digest = hashlib.sha256()
    for layout in recognise_all(str(path), config, spans):
        numbers = {file.span for file in layout.ratings} - {0}
        digest.update("".join(f"span {number}\n" for number in sorted(numbers)).encode())
        for name in layout.files:
            content = hashlib.sha256()
            with fileio.open(name, "rb") as file:
                while block := file.read(1 << 20):
                    content.update(block)
            digest.update(f"{os.path.basename(name)} {content.hexdigest()}\n".encode())
    return digest.hexdigest()

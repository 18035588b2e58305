"""What a data set's files hold, as one short text: TFX's cache key cannot see into them."""

import hashlib
import os

from tfx.dsl.io import fileio

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.layouts import recognise


def fingerprint(path: str, config: DataConfig) -> str:
    """SHA-256 over the names and contents of the files that would be read from `path`.

    Raises:
        DataError: as `layouts.recognise`.
    """
    digest = hashlib.sha256()
    for name in recognise(str(path), config).files:
        content = hashlib.sha256()
        with fileio.open(name, "rb") as file:
            while block := file.read(1 << 20):
                content.update(block)
        digest.update(f"{os.path.basename(name)} {content.hexdigest()}\n".encode())
    return digest.hexdigest()

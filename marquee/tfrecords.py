"""Reads TFRecord files without TensorFlow, which takes seconds to load; checksums are not verified."""

import gzip
from collections.abc import Iterator
from pathlib import Path


def records(file: Path) -> Iterator[bytes]:
    """Yields the records of a file, gzip or plain, lazily, as previews need only the first few."""
    with gzip.open(file) if file.suffix == ".gz" else open(file, "rb") as stream:
        # A record is its length (8 bytes), the length's checksum (4), the record, its checksum (4).
        while len(head := stream.read(12)) == 12:
            yield stream.read(int.from_bytes(head[:8], "little"))
            stream.read(4)

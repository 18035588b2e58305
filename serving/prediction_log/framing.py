"""TFRecord framing of a record: length, the length's checksum, record, the record's checksum."""

import struct

from google_crc32c import value as crc32c

HEAD, FOOT = 12, 4  # bytes before and after a record


def frame(record: bytes) -> bytes:
    """Returns the record as stored in a TFRecord file."""
    length = struct.pack("<Q", len(record))
    return b"".join((length, _masked(length), record, _masked(record)))


def length_of(head: bytes) -> int | None:
    """Returns the record's length from the HEAD bytes before it; None if their checksum is wrong."""
    return struct.unpack("<Q", head[:8])[0] if _masked(head[:8]) == head[8:HEAD] else None


def is_whole(record: bytes, foot: bytes) -> bool:
    """Returns whether the FOOT bytes after a record are its checksum."""
    return _masked(record) == foot


def _masked(data: bytes) -> bytes:
    """Returns the checksum, masked so that it also works for data that contains checksums."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

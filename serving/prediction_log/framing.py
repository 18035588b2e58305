"""TFRecord, a record at a time: length, the length's checksum, record, the record's checksum."""

import struct

from google_crc32c import value as crc32c

HEAD, FOOT = 12, 4  # bytes before and after a record


def frame(record: bytes) -> bytes:
    """The record as it stands in a TFRecord file."""
    length = struct.pack("<Q", len(record))
    return b"".join((length, _masked(length), record, _masked(record)))


def length_of(head: bytes) -> int | None:
    """The record's length from the HEAD bytes before it; None where their checksum is wrong."""
    return struct.unpack("<Q", head[:8])[0] if _masked(head[:8]) == head[8:HEAD] else None


def is_whole(record: bytes, foot: bytes) -> bool:
    """Whether the FOOT bytes after a record are its checksum."""
    return _masked(record) == foot


def _masked(data: bytes) -> bytes:
    """The checksum, masked so that one of data which holds checksums is still a good one."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)

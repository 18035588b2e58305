"""Writing of TFRecord files, many records at a time.

The format is a length, the length's checksum, the record, its checksum (TensorFlow's record_writer.h).
Arrow lays the frames out and igzip, which is gzip several times as fast as zlib, packs them.
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from google_crc32c import value as crc32c
from isal import igzip
from tfx.dsl.io import fileio

EMPTY = pa.scalar(b"", pa.binary())


class TFRecordWriter:
    """Writes a gzipped TFRecord file; a context manager.

    Args:
        path: the file, on any file system that TFX knows.
    """

    def __init__(self, path: str):
        self._file = fileio.open(path, "wb")
        self._gzip = igzip.IGzipFile(fileobj=self._file, mode="wb", compresslevel=1, mtime=0)

    def write(self, records: pa.BinaryArray) -> None:
        """Appends records in their order."""
        framed = frame(records)
        _, offsets, data = framed.buffers()
        first, last = np.frombuffer(offsets, np.int32)[[framed.offset, framed.offset + len(framed)]]
        self._gzip.write(memoryview(data)[first:last] if last > first else b"")

    def __enter__(self) -> "TFRecordWriter":
        return self

    def __exit__(self, *_) -> None:
        self._gzip.close()
        self._file.close()


def frame(records: pa.BinaryArray) -> pa.BinaryArray:
    """Frames each record as in a TFRecord file."""
    lengths = pc.binary_length(records).dictionary_encode()
    heads = [_head(length) for length in lengths.dictionary.to_pylist()]
    checksums = np.fromiter(map(crc32c, records.to_numpy(zero_copy_only=False)), np.uint32, len(records))
    feet = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(4), len(records), [None, pa.py_buffer(_masked(checksums).astype("<u4").tobytes())]
    )
    return pc.binary_join_element_wise(
        pa.array(heads, pa.binary()).take(lengths.indices), records, feet.cast(pa.binary()), EMPTY
    )


def _head(length: int) -> bytes:
    number = np.uint64(length).astype("<u8").tobytes()
    return number + _masked(np.array([crc32c(number)], np.uint32)).astype("<u4").tobytes()


def _masked(crc: np.ndarray) -> np.ndarray:
    """TFRecord's mask, so that a checksum of data that holds checksums is still a good one."""
    return ((crc >> np.uint32(15)) | (crc << np.uint32(17))) + np.uint32(0xA282EAD8)

"""Examples as Arrow record batches of many rows.

Beam's own reader handles each tf.Example as a Python object of its own, several times. Here igzip unpacks
whole blocks and tfx_bsl decodes whole batches.
"""

import struct
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pyarrow as pa
from isal import isal_zlib
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.dsl.io import fileio
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from marquee.errors import DataError

#: Bounds of a batch; of the bytes, because an example may hold a vector or a long text.
ROWS, BYTES = 1 << 15, 1 << 25
_BLOCK, _GZIP = 1 << 20, 31  # bytes that are read at a time; zlib's number of gzip
_HEAD, _FOOT = 12, 4  # a record's length and the length's checksum, the record's checksum
_LENGTH = struct.Struct("<Q")


def record_batches(
    file: str, schema: schema_pb2.Schema | None = None, every: int = 1
) -> Iterator[pa.RecordBatch]:
    """Yields the examples of a gzipped TFRecord file in their order.

    Args:
        file: the file, on any file system that TFX knows.
        schema: the features to decode; None: all that occur, by their types in the file.
        every: of so many rows one is kept, the first; 1 keeps all.

    Raises:
        DataError: the file ends in the middle.
    """
    decoder = ExamplesToRecordBatchDecoder(*([] if schema is None else [schema.SerializeToString()]))
    # Decoding is C++ without Python's lock: one batch is decoded while another is counted and a third read.
    with ThreadPoolExecutor(1) as beside:
        ahead: Future[pa.RecordBatch] | None = None
        for rows in _rows(file, every):
            decoded = beside.submit(decoder.DecodeBatch, rows)
            if ahead:
                yield ahead.result()
            ahead = decoded
        if ahead:
            yield ahead.result()


def _rows(file: str, every: int) -> Iterator[list[bytes]]:
    rows: list[bytes] = []
    size = 0
    for number, record in enumerate(_records(file)):
        if number % every:
            continue
        rows.append(record)
        size += len(record)
        if len(rows) == ROWS or size >= BYTES:
            yield rows
            rows, size = [], 0
    if rows:
        yield rows


def _records(file: str) -> Iterator[bytes]:
    """Yields the records; gzip's checksum stands for those of each record."""
    left = b""
    for block in _unpacked(file):
        block = left + block
        place, end = 0, len(block)
        while place + _HEAD <= end:
            after = place + _HEAD + _LENGTH.unpack_from(block, place)[0] + _FOOT
            if after > end:
                break
            yield block[place + _HEAD : after - _FOOT]
            place = after
        left = block[place:]
    if left:
        raise _damaged(file)


def _unpacked(file: str) -> Iterator[bytes]:
    """Yields the content in blocks. Not by a gzip file object, which needs more of a file than TFX's have."""
    member = isal_zlib.decompressobj(_GZIP)
    try:
        with fileio.open(file, "rb") as packed:
            while block := packed.read(_BLOCK):
                while block:
                    if member.eof:
                        member = isal_zlib.decompressobj(_GZIP)
                    yield member.decompress(block)
                    block = member.unused_data
    except isal_zlib.error as error:  # type: ignore[misc]  # its stub calls the class an instance
        raise _damaged(file) from error
    if not member.eof:
        raise _damaged(file)


def _damaged(file: str) -> DataError:
    return DataError(f"{file}: the file of examples is damaged.", "Delete it and run ingest again.")

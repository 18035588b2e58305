"""Writers of the parts of a bulk run: Parquet, and the prediction logs of TFX's BulkInferrer."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow_serving.apis import prediction_log_pb2

from serving.bulk.folder import atomic
from serving.encoding.tensor_proto import proto_of
from serving.names import Names
from serving.server.model import LoadedModel

if TYPE_CHECKING:
    from serving.bulk.bulk import BulkRequest

SIGNATURE = "recommend"


def columns(names: Names) -> pa.Schema:
    """Returns the columns of the Parquet files, under the data set's names."""
    return pa.schema(
        [
            pa.field(names.user, pa.string(), nullable=False),
            pa.field("rank", pa.int32(), nullable=False),
            pa.field(names.item, pa.string(), nullable=False),
            pa.field(names.title, pa.string(), nullable=False),
            pa.field(names.rating, pa.float32(), nullable=False),
            pa.field("score", pa.float32(), nullable=False),
        ]
    )


def write_part(
    model: LoadedModel, users: list[bytes], files: list[Path], request: "BulkRequest"
) -> Iterator[int]:
    """Writes a part's files atomically.

    Args:
        model: loaded recommender.
        users: ids of the part's users.
        files: a file that ends with ".parquet", one that ends with ".gz", or both.
        request: options of the recommendations.

    Yields:
        The number of answered users, block by block.

    Raises:
        OSError: a file cannot be written.
        StatusError: the model cannot answer.
    """
    names = Names.told_by("recommender", model.signatures)
    same_for_all = {"k": np.array(request.k, np.int32), "exclude_seen": np.array(request.exclude_seen)}
    try:
        with ExitStack() as stack:
            writers: list[ParquetPart | PredictionLogPart] = []
            for file in files:
                unfinished = stack.enter_context(atomic(file))
                parquet = file.suffix == ".parquet"
                writer: ParquetPart | PredictionLogPart = (
                    ParquetPart(unfinished, names)
                    if parquet
                    else PredictionLogPart(unfinished, names, same_for_all)
                )
                stack.enter_context(writer)
                writers.append(writer)
            for start in range(0, len(users), request.block):
                user_id = np.array(users[start : start + request.block], dtype=object)
                block = Block(user_id, model.run(SIGNATURE, {names.user: user_id, **same_for_all}), names)
                for writer in writers:
                    writer.write(block)
                yield len(user_id)
    except tf.errors.OpError as error:  # TensorFlow's own error for disk errors of its writer
        raise OSError(error.message) from None


class Block(NamedTuple):
    """A block of users with the model's answer.

    Attributes:
        user_id: object array of bytes [B].
        answer: items' ids and titles (object arrays of bytes), ratings and `score` (float32), each [B, k],
            best first; a user with fewer items has "" after them.
        names: what the model calls them.
    """

    user_id: NDArray[Any]
    answer: dict[str, NDArray[Any]]
    names: Names

    @property
    def there(self) -> NDArray[np.bool_]:
        """Mask of items, without the padding after them: bool [B, k]."""
        there: NDArray[np.bool_] = self.answer[self.names.item] != b""
        return there


class ParquetPart:
    """Parquet file with one row per user and item; a context manager.

    Args:
        path: file to write.
        names: what its columns are called.
    """

    def __init__(self, path: Path, names: Names):
        self._columns = columns(names)
        self._writer = pq.ParquetWriter(path, self._columns, compression="zstd")

    def __enter__(self) -> "ParquetPart":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, block: Block) -> None:
        """Appends a block as a row group; rank counts from 1."""
        there, answer, names = block.there, block.answer, block.names
        if not there.any():
            return
        rank = np.broadcast_to(np.arange(1, there.shape[1] + 1, dtype=np.int32), there.shape)
        values = [
            _text(np.repeat(block.user_id, there.sum(axis=1))),
            pa.array(rank[there]),
            _text(answer[names.item][there]),
            _text(answer[names.title][there]),
            pa.array(answer[names.rating][there]),
            pa.array(answer["score"][there]),
        ]
        self._writer.write_batch(pa.record_batch(values, schema=self._columns))


class PredictionLogPart:
    """Gzipped TFRecord file with one PredictionLog per user; a context manager.

    Each holds the request for that user, and the response that a server would give.

    Args:
        path: file to write.
        names: what the model's inputs are called.
        same_for_all: inputs that all requests have in common.
    """

    def __init__(self, path: Path, names: Names, same_for_all: dict[str, NDArray[Any]]):
        self._user = names.user
        self._writer = tf.io.TFRecordWriter(str(path), tf.io.TFRecordOptions(compression_type="GZIP"))
        log = prediction_log_pb2.PredictionLog()
        for side in (log.predict_log.request, log.predict_log.response):
            side.model_spec.name, side.model_spec.signature_name = "recommender", SIGNATURE
        for name, value in same_for_all.items():
            log.predict_log.request.inputs[name].CopyFrom(proto_of(value))
        self._same_for_all = log

    def __enter__(self) -> "PredictionLogPart":
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()

    def write(self, block: Block) -> None:
        """Appends a block's users; the padding after a user's items is left out."""
        lengths = block.there.sum(axis=1)
        log = prediction_log_pb2.PredictionLog()
        for row, length in enumerate(lengths):
            log.CopyFrom(self._same_for_all)
            log.predict_log.request.inputs[self._user].CopyFrom(proto_of(block.user_id[row : row + 1]))
            for name, values in block.answer.items():
                log.predict_log.response.outputs[name].CopyFrom(proto_of(values[row : row + 1, :length]))
            self._writer.write(log.SerializeToString())


def _text(values: NDArray[Any]) -> pa.Array:
    return pa.array(values, pa.binary()).cast(pa.string())

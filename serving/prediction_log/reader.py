"""Reads prediction logs of Marquee and TF Serving: JSON Lines or TFRecord, detected by the first bytes.

    for exchange in read(log_files("predictions"), faults := []):
        …

Records that cannot be read are skipped and reported.
"""

import base64
import glob
import gzip
import hashlib
import itertools
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from tensorflow_serving.apis import prediction_log_pb2

from serving.encoding.tensor_proto import array_of
from serving.errors import ServingError
from serving.prediction_log.exchange import Exchange
from serving.prediction_log.folder import PARTIAL
from serving.prediction_log.framing import FOOT, HEAD, is_whole, length_of

WILD = frozenset("*?[")
Stream: TypeAlias = BinaryIO | gzip.GzipFile

# Errors that a line or a record without a prediction may raise.
NOT_OURS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError, DecodeError)


@dataclass(frozen=True)
class Fault:
    """Part of a log that was skipped.

    Attributes:
        file: path of the file.
        where: position: "line 7", "record 7" or "the end".
        what: description of the fault.
        torn: whether the last record is incomplete: the file is being written, or its server was killed.
    """

    file: str
    where: str
    what: str
    torn: bool = False


def log_files(where: str) -> list[Path]:
    """Returns the files of a log, sorted.

    Args:
        where: a folder, with all files below it; a file; or a pattern such as `logs/*.jsonl`.

    Raises:
        ServingError: there is no such folder or file, or the folder of a pattern does not exist.
    """
    if not WILD & set(where):
        path = Path(where)
        if not path.exists():
            raise ServingError(
                f"There is no prediction log at {where}",
                "Name the folder that `marquee serve --log` writes to, a file of it, or a pattern.",
            )
        found: Iterable[Path] = path.rglob("*") if path.is_dir() else [path]
    else:
        fixed = Path(where)
        while WILD & set(str(fixed)):
            fixed = fixed.parent
        if not fixed.is_dir():
            raise ServingError(f"{where}: there is no folder {fixed}", "Correct the pattern.")
        found = map(Path, glob.glob(where, recursive=True))
    return sorted(file for file in found if file.is_file() and not file.name.startswith("."))


def fingerprint(files: Sequence[Path]) -> str:
    """Returns SHA-256 (16 hex digits) over the files' contents without names, which change on completion.

    For a file that cannot be read the reason is hashed, which `read` reports as a fault.
    """
    digest = hashlib.sha256()
    for file in files:
        content = hashlib.sha256()
        try:
            with _opened(file) as stream:
                while block := stream.read(1 << 20):
                    content.update(block)
        except OSError as error:
            content.update(str(error).encode())
        digest.update(content.digest())
    return digest.hexdigest()[:16]


def read(files: Sequence[Path], faults: list[Fault]) -> Iterator[Exchange]:
    """Yields the exchanges of all files, one after the other.

    Args:
        files: files of a log, such as `log_files` returns.
        faults: list to which faults are appended as the reader meets them.
    """
    for file in files:
        try:
            with _opened(file) as raw, gzip.open(raw) if file.suffix == ".gz" else raw as stream:
                head = stream.read(HEAD)
                records = len(head) == HEAD and length_of(head) is not None
                stream.seek(0)
                yield from (_records if records else _lines)(str(file), stream, faults)
        except (OSError, EOFError, zlib.error) as error:
            torn = isinstance(error, EOFError)  # raised by gzip for a truncated file
            faults.append(Fault(str(file), "the end" if torn else "the file", _said(error), torn))


def _opened(file: Path) -> BinaryIO:
    try:
        return open(file, "rb")
    except FileNotFoundError:  # its server has finished it since the folder was listed
        return open(file.with_name(file.name.removesuffix(PARTIAL)), "rb")


def _lines(file: str, stream: Stream, faults: list[Fault]) -> Iterator[Exchange]:
    for number, line in enumerate(stream, start=1):
        try:
            yield _from_json(line)
        except NOT_OURS as error:
            if not line.endswith(b"\n"):
                faults.append(Fault(file, "the end", f"line {number} is torn", torn=True))
            elif line.strip():
                faults.append(Fault(file, f"line {number}", f"is no logged prediction: {_said(error)}"))


def _records(file: str, stream: Stream, faults: list[Fault]) -> Iterator[Exchange]:
    for number in itertools.count(1):
        head = stream.read(HEAD)
        if not head:
            return
        length = length_of(head) if len(head) == HEAD else None
        if length is None:
            torn = len(head) < HEAD
            what = (
                f"record {number} is torn" if torn else "its length is damaged, and the rest cannot be found"
            )
            faults.append(Fault(file, "the end" if torn else f"record {number}", what, torn))
            return
        record, foot = stream.read(length), stream.read(FOOT)
        if len(record) + len(foot) < length + FOOT:
            faults.append(Fault(file, "the end", f"record {number} is torn", torn=True))
            return
        try:
            if not is_whole(record, foot):
                raise ValueError("its checksum is wrong")
            log = prediction_log_pb2.PredictionLog.FromString(record)
            if log.HasField("predict_log"):  # other logs are not requests to Marquee's models
                yield _from_proto(log)
        except NOT_OURS as error:
            faults.append(Fault(file, f"record {number}", f"is no logged prediction: {_said(error)}"))


def _from_json(line: bytes) -> Exchange:
    document = json.loads(line)  # not orjson: an answer may hold NaN
    return Exchange(
        time=datetime.fromisoformat(document["time"]).timestamp(),
        model=str(document["model"]),
        version=int(document["version"]),
        signature=str(document["signature"]),
        protocol=str(document.get("protocol", "")),
        seconds=document["latency_ms"] / 1000 if "latency_ms" in document else None,
        inputs={name: _array(value) for name, value in document["inputs"].items()},
        outputs={name: _array(value) for name, value in document["outputs"].items()},
    )


def _array(value: Any) -> NDArray[Any]:
    """Returns strings as an object array of bytes, numbers as int64, float64 or bool."""
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    if not isinstance(first, str | dict):
        return np.array(value)
    texts = np.empty(shape, object)
    texts.ravel()[:] = [_bytes(each) for each in _flat(value)]
    return texts


def _flat(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for each in value:
            yield from _flat(each)
    else:
        yield value


def _bytes(value: str | dict[str, str]) -> bytes:
    return value.encode() if isinstance(value, str) else base64.b64decode(value["b64"])


def _from_proto(log: prediction_log_pb2.PredictionLog) -> Exchange:
    asked, answered, meta = log.predict_log.request, log.predict_log.response, log.log_metadata
    specs = (answered.model_spec, meta.model_spec, asked.model_spec)  # the answer's spec takes precedence
    return Exchange(
        time=float(meta.timestamp_secs),
        model=next((spec.name for spec in specs if spec.name), ""),
        version=next((spec.version.value for spec in specs if spec.HasField("version")), 0),
        signature=next((spec.signature_name for spec in specs if spec.signature_name), "serving_default"),
        protocol="",
        seconds=None,
        inputs={name: array_of(proto) for name, proto in asked.inputs.items()},
        outputs={name: array_of(proto) for name, proto in answered.outputs.items()},
    )


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"

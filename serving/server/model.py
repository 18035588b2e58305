"""Model version, loaded the way TF Serving loads it: a v1 session over the graph tagged "serve".

`tf.saved_model.load` would also accept SavedModels that TF Serving cannot answer with.
"""

import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")

import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from grpc import StatusCode
from numpy.typing import NDArray
from tensorflow.core.protobuf.config_pb2 import CallableOptions

from serving.errors import StatusError, invalid
from serving.signature import DTYPE_NAMES, NUMPY_DTYPES, Signature, TensorSpec, signatures_from_json

SMALL_BATCH = 64  # values of an input; up to here calls take about the same time, unless `k` is large


class LoadedModel:
    """A SavedModel in a session of its own; safe to call from many threads.

    Args:
        path: folder that holds saved_model.pb.

    `signatures` describes the signatures by name; `signature_defs` holds the SavedModel's own protos of them.
    `block_rows` is the block size that `serving.server.blocks` has learned for each signature.
    """

    def __init__(self, path: str | Path):
        self.block_rows: dict[str, int] = {}
        graph = tf.Graph()
        config = tf.compat.v1.ConfigProto()
        config.gpu_options.allow_growth = True  # several models, and a trainer, may share the device
        self._session = tf.compat.v1.Session(graph=graph, config=config)
        try:
            self._load(graph, str(path))
        except BaseException:
            self._session.close()
            raise

    def _load(self, graph: tf.Graph, path: str) -> None:
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("ERROR")  # the loader announces its deprecation; TF Serving's is the same loader
        try:
            with graph.as_default():
                meta_graph = tf.compat.v1.saved_model.loader.load(self._session, ["serve"], path)
        finally:
            logger.setLevel(level)
        self.signature_defs = dict(meta_graph.signature_def)
        as_json = {
            name: json_format.MessageToDict(
                definition, preserving_proto_field_name=True, always_print_fields_with_no_presence=True
            )
            for name, definition in self.signature_defs.items()
        }
        self.signatures: dict[str, Signature] = signatures_from_json(as_json)
        self._calls = {name: self._callable(name) for name in self.signatures}
        self._seconds: dict[str, float] = {}  # duration of a call with small inputs, by signature
        self._seconds_a_value: dict[str, float] = {}  # duration of a call with larger inputs, per value
        for name in self.signatures:
            self._warm_up(name)

    def seconds(self, signature: str, inputs: dict[str, NDArray[Any]]) -> float:
        """Estimates the seconds of a call with `inputs` from earlier calls; infinity if there were none.

        Before the first large batch the estimate is an upper bound: the time of its values one by one.
        """
        name, size = signature or "serving_default", _size(inputs)
        small = self._seconds.get(name, math.inf)
        return small if size <= SMALL_BATCH else self._seconds_a_value.get(name, small) * size

    def signature(self, name: str) -> Signature:
        """Returns a signature; raises FAILED_PRECONDITION, as TF Serving does, if none is called `name`."""
        try:
            return self.signatures[name or "serving_default"]
        except KeyError:
            message = f'Serving signature key "{name or "serving_default"}" not found.'
            raise StatusError("FAILED_PRECONDITION", message) from None

    def run(
        self, signature: str, inputs: dict[str, NDArray[Any]], output_filter: Sequence[str] = ()
    ) -> dict[str, NDArray[Any]]:
        """Calls a signature.

        Args:
            signature: name of the signature; "" means "serving_default".
            inputs: array of exactly the right dtype for every input (strings: an object array of bytes).
            output_filter: names of the outputs to compute; all when empty.

        Returns the outputs by name; strings as object arrays of bytes. Raises StatusError with TF Serving's
        code and message for a wrong name, dtype or value.
        """
        name = signature or "serving_default"
        spec = self.signature(name)
        _check_inputs(spec, inputs)
        _check_filter(spec, output_filter)
        started = time.perf_counter()
        try:
            values = self._calls[name](*(inputs[key] for key in spec.inputs))
        except tf.errors.OpError as error:
            raise StatusError(_code_name(error), _message(error)) from None
        self._note_time(name, inputs, time.perf_counter() - started)
        outputs = dict(zip(spec.outputs, map(_as_array, values), strict=True))
        return {key: outputs[key] for key in output_filter} if output_filter else outputs

    def close(self) -> None:
        """Frees the session; no call may be running."""
        self._calls.clear()
        self._session.close()

    def _callable(self, name: str) -> Callable[..., Sequence[Any]]:
        definition, spec = self.signature_defs[name], self.signatures[name]
        options = CallableOptions()
        options.feed.extend(definition.inputs[key].name for key in spec.inputs)
        options.fetch.extend(definition.outputs[key].name for key in spec.outputs)
        # Operations run on the calling thread: 9 µs a call for a small network, against 120 µs through the
        # public `make_callable`, which cannot say so.
        options.run_options.inter_op_thread_pool = -1
        call: Callable[..., Sequence[Any]] = self._session._make_callable_from_options(options)
        return call

    def _warm_up(self, name: str) -> None:
        """Calls a signature twice on a row of blanks: the first call initializes, the second is timed."""
        blanks = {key: _blank(spec) for key, spec in self.signatures[name].inputs.items()}
        try:
            self.run(name, blanks)
            self._seconds.pop(name, None)
            self.run(name, blanks)
        except StatusError:
            pass  # a row of blanks may well be refused: a serialized tf.Example is not empty

    def _note_time(self, name: str, inputs: dict[str, NDArray[Any]], seconds: float) -> None:
        size = _size(inputs)
        if size <= SMALL_BATCH:
            self._seconds[name] = 0.8 * self._seconds.get(name, seconds) + 0.2 * seconds
        else:
            known = self._seconds_a_value.get(name, seconds / size)
            self._seconds_a_value[name] = 0.8 * known + 0.2 * seconds / size


def _check_inputs(spec: Signature, inputs: dict[str, NDArray[Any]]) -> None:
    if inputs.keys() != spec.inputs.keys():
        sent, known = set(inputs), set(spec.inputs)
        if len(sent) == len(known):
            stranger = min(sent - known)
            raise invalid(
                f"input tensor alias not found in signature: {stranger}. "
                f"Inputs expected to be in the set {_names(known)}."
            )
        raise invalid(
            f"input size does not match signature: {len(sent)}!={len(known)} "
            f"len({_names(sent)}) != len({_names(known)}). "
            f"Sent extra: {_names(sent - known)}. Missing but required: {_names(known - sent)}."
        )
    for position, (key, tensor) in enumerate(spec.inputs.items()):
        dtype = inputs[key].dtype
        if dtype != NUMPY_DTYPES.get(tensor.dtype):
            given = DTYPE_NAMES.get(dtype, str(dtype))
            raise invalid(f"Expects arg[{position}] to be {tensor.dtype} but {given} is provided")


def _check_filter(spec: Signature, output_filter: Sequence[str]) -> None:
    for position, alias in enumerate(output_filter):
        if alias not in spec.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {alias} "
                f"Outputs expected to be in the set {_names(spec.outputs)}."
            )
        if alias in output_filter[:position]:
            raise invalid(f"duplicate output tensor alias: {alias}")


def _names(names: Iterable[str]) -> str:
    return "{" + ",".join(sorted(names)) + "}"


def _size(inputs: dict[str, NDArray[Any]]) -> int:
    return max((array.size for array in inputs.values()), default=0)


def _as_array(value: Any) -> NDArray[Any]:
    # A string scalar comes back as plain bytes, which NumPy would make a fixed-width string of.
    return np.array(value, dtype=object) if isinstance(value, bytes) else np.asarray(value)


def _blank(spec: TensorSpec) -> NDArray[Any]:
    shape = tuple(max(size, 1) for size in spec.shape or ())
    return np.full(shape, b"" if spec.dtype == "string" else 1, dtype=NUMPY_DTYPES.get(spec.dtype))


def _code_name(error: tf.errors.OpError) -> str:
    return next((code.name for code in StatusCode if code.value[0] == error.error_code), "UNKNOWN")


def _message(error: tf.errors.OpError) -> str:
    message: str = error.message
    return message.removeprefix("Graph execution error:\n\n")

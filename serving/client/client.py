"""Clients of a model server, over REST and gRPC with the same interface.

Both clients return a dict of NumPy arrays by output name. Strings are str, except in outputs named "…_bytes",
which stay bytes. Neither client is safe to share between threads.
"""

import base64
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar

import httpx
import numpy as np
import rapidjson
from numpy.typing import ArrayLike, NDArray

from serving.client.addresses import grpc_address, rest_url
from serving.data_words import DataWords
from serving.errors import ServingError
from serving.names import Names
from serving.signature import NUMPY_DTYPES, Signature, signatures_from_json

_TIMEOUT_SECONDS = 30.0
Answer = TypeVar("Answer")


class Client(ABC):
    """Base class of RestClient and GrpcClient; a context manager that closes its connection."""

    def __init__(self, address: str):
        self._address = address
        self._signatures: dict[tuple[str, int | None], dict[str, Signature]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def predict(
        self,
        model: str,
        inputs: Mapping[str, ArrayLike],
        signature: str = "serving_default",
        version: int | None = None,
    ) -> dict[str, NDArray[Any]]:
        """Calls a signature of `model`, in its served version unless `version` is given.

        The signature is requested once per model, to convert plain lists to the right dtypes. Histories of
        different lengths are padded.

        Raises InputError, a ValueError, for values that the signature cannot take, and ServingError with the
        server's own message for an error of the server.
        """
        known = self._signature(model, signature, version)
        arrays = {name: _input(known, name, values) for name, values in inputs.items()}
        try:
            outputs = self._predict(model, arrays, signature, version, known)
        except ServingError:
            self._signatures.clear()  # another version may be served now, with other signatures
            raise
        return {name: _as_text(name, array) for name, array in outputs.items()}

    @abstractmethod
    def status(self, model: str) -> dict[int, str]:
        """Returns the state of each version, newest first: START, LOADING, AVAILABLE, UNLOADING or END."""

    @abstractmethod
    def metadata(self, model: str, version: int | None = None) -> dict[str, Signature]:
        """Returns the signatures of `model` by name."""

    def words(self, model: str) -> DataWords:
        """Returns the words for the data that `model` was trained on; neutral ones if they are not known."""
        try:
            return DataWords.of(self.description(model))
        except AttributeError:
            return DataWords()

    def description(self, model: str) -> dict[str, Any]:
        """Returns the description of the data that `model` was trained on, as plain data; empty if not known.

        Only the embedded server knows it, and only over REST: a stock TF Serving does not.
        """
        return {}

    def signatures(self, model: str) -> dict[str, Signature]:
        """Returns the signatures of `model` in its served version, by name, from the first request for them.

        Raises:
            ServingError: the server does not answer, or has no such model.
        """
        if (model, None) not in self._signatures:
            self._signatures[model, None] = self.metadata(model)
        return self._signatures[model, None]

    def names(self, model: str) -> Names:
        """Returns what the signatures of `model`, in its served version, call users, items and so on.

        Raises:
            ServingError: the server does not answer, or has no such model.
        """
        return Names.told_by(model, self.signatures(model))

    @abstractmethod
    def close(self) -> None:
        """Closes the connection."""

    @abstractmethod
    def _predict(
        self,
        model: str,
        arrays: dict[str, NDArray[Any]],
        signature: str,
        version: int | None,
        known: Signature | None,
    ) -> dict[str, NDArray[Any]]: ...

    def _signature(self, model: str, name: str, version: int | None) -> Signature | None:
        key = (model, version)
        if key not in self._signatures or name not in self._signatures[key]:
            self._signatures[key] = self.metadata(model, version)
        return self._signatures[key].get(name)  # None: the server's own error explains an unknown name best

    def _nobody(self) -> ServingError:
        return ServingError(f"There is no server at {self._address}", "Start one with `marquee serve`.")


class RestClient(Client):
    """Client of TF Serving's REST API that keeps one connection open.

    Args:
        url: base URL, such as "http://127.0.0.1:8501"; "127.0.0.1:8501" without a scheme means http.

    Raises InputError for a malformed address.
    """

    def __init__(self, url: str):
        url = rest_url(url)
        super().__init__(url)
        self._http = httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False)

    def status(self, model: str) -> dict[int, str]:
        answer = self._send("GET", _path(model, None))
        return {int(entry["version"]): entry["state"] for entry in answer["model_version_status"]}

    def metadata(self, model: str, version: int | None = None) -> dict[str, Signature]:
        answer = self._send("GET", _path(model, version) + "/metadata")
        return signatures_from_json(answer["metadata"]["signature_def"]["signature_def"])

    def description(self, model: str) -> dict[str, Any]:
        try:
            found = self._send("GET", _path(model, None) + "/description")["description"]
        except (ServingError, KeyError):
            return {}
        return found if isinstance(found, dict) else {}

    def close(self) -> None:
        self._http.close()

    def _predict(
        self,
        model: str,
        arrays: dict[str, NDArray[Any]],
        signature: str,
        version: int | None,
        known: Signature | None,
    ) -> dict[str, NDArray[Any]]:
        columns = {name: _plain(array) for name, array in arrays.items()}
        body = rapidjson.dumps({"signature_name": signature, "inputs": columns})
        answer = self._send("POST", _path(model, version) + ":predict", body)["outputs"]
        if known is None:  # its metadata came from a version that has been replaced by one with the signature
            raise ServingError(f"Another version of {model} is served since the request began", "Ask again.")
        if len(known.outputs) == 1:  # TF Serving leaves out the name of a single output
            answer = dict.fromkeys(known.outputs, answer)
        return {name: _output(values, known.outputs[name].dtype) for name, values in answer.items()}

    def _send(self, method: str, path: str, body: str | None = None) -> dict[str, Any]:
        try:
            response = self._http.request(method, path, content=body)
        except httpx.ConnectError:
            raise self._nobody() from None
        except httpx.HTTPError as error:
            raise ServingError(f"{self._address} did not answer: {error or type(error).__name__}") from None
        try:
            answer = rapidjson.loads(response.content)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ServingError(f"{self._address} is no model server: it answers {path} in another way")
        if response.is_error:
            raise ServingError(answer.get("error", f"{self._address} is no model server"))
        return answer


class GrpcClient(Client):
    """Client of TF Serving's gRPC API.

    Args:
        address: host and port, such as "127.0.0.1:8500".

    Raises InputError for a malformed address.
    """

    def __init__(self, address: str):
        address = grpc_address(address)
        super().__init__(address)
        # TF Serving's messages import all of TensorFlow, which users of REST alone need not wait for.
        from serving.client.grpc_stubs import Stubs

        self._stubs = Stubs(address)

    def status(self, model: str) -> dict[int, str]:
        return self._send(lambda: self._stubs.status(model, _TIMEOUT_SECONDS))

    def metadata(self, model: str, version: int | None = None) -> dict[str, Signature]:
        return signatures_from_json(
            self._send(lambda: self._stubs.metadata(model, version, _TIMEOUT_SECONDS))
        )

    def close(self) -> None:
        self._stubs.close()

    def _predict(
        self,
        model: str,
        arrays: dict[str, NDArray[Any]],
        signature: str,
        version: int | None,
        known: Signature | None,
    ) -> dict[str, NDArray[Any]]:
        return self._send(lambda: self._stubs.predict(model, arrays, signature, version, _TIMEOUT_SECONDS))

    def _send(self, call: Callable[[], Answer]) -> Answer:
        import grpc

        try:
            return call()
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAVAILABLE:
                raise self._nobody() from None
            raise ServingError(error.details() or error.code().name) from None


def _path(model: str, version: int | None) -> str:
    return f"/v1/models/{model}" if version is None else f"/v1/models/{model}/versions/{version}"


def _input(known: Signature | None, name: str, values: ArrayLike) -> NDArray[Any]:
    spec = known and known.inputs.get(name)
    if spec:
        return spec.array(values)
    array = np.asarray(values)  # an input that is not in the signature: the server reports it
    return np.char.encode(array).astype(object) if array.dtype.kind == "U" else array


def _plain(array: NDArray[Any]) -> Any:
    if array.dtype != object:
        return array.tolist()
    return _each(array, _json_string).tolist()


def _json_string(item: bytes) -> str | dict[str, str]:
    try:
        return item.decode()
    except UnicodeDecodeError:
        return {"b64": base64.b64encode(item).decode()}


def _output(values: Any, dtype: str) -> NDArray[Any]:
    if dtype != "string":
        return np.array(values, dtype=NUMPY_DTYPES[dtype])
    array = np.array(values, dtype=object)
    return _each(array, lambda item: base64.b64decode(item["b64"]) if isinstance(item, dict) else item)


def _as_text(name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype != object or name.endswith("_bytes"):
        return array
    return _each(array, lambda item: item.decode(errors="replace") if isinstance(item, bytes) else item)


def _each(array: NDArray[Any], change: Callable[[Any], Any]) -> NDArray[Any]:
    changed = np.empty(array.size, dtype=object)
    changed[:] = [change(item) for item in array.ravel()]
    return changed.reshape(array.shape)

"""Client of models in this process, with the interface of the clients of a server."""

from pathlib import Path
from typing import Any

import numpy as np

from serving.client import Client
from serving.errors import ServingError
from serving.server.model import LoadedModel
from serving.signature import Signature


class LocalClient(Client):
    """Calls loaded models.

    Args:
        models: loaded models by name.
        place: name of the place for error messages.
        described: description of the data that they were trained on; empty if there is none.
    """

    def __init__(self, models: dict[str, LoadedModel], place: Path, described: dict[str, Any]):
        super().__init__(str(place))
        self._models, self._described = models, described

    def status(self, model: str) -> dict[int, str]:
        """Returns AVAILABLE for a loaded model; its version number is not known here."""
        return {0: "AVAILABLE"} if model in self._models else {}

    def metadata(self, model: str, version: int | None = None) -> dict[str, Signature]:
        return self._model(model).signatures

    def description(self, model: str) -> dict[str, Any]:
        return self._described

    def close(self) -> None:
        """Does nothing: the models are kept for later requests."""

    def _predict(self, model, arrays, signature, version, known) -> dict[str, np.ndarray]:
        return self._model(model).run(signature, arrays)

    def _model(self, name: str) -> LoadedModel:
        if name not in self._models:
            raise ServingError(f"There is no model called {name} in {self._address}")
        return self._models[name]

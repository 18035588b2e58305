"""A client of models in this process, with the interface of those that ask a server."""

from pathlib import Path

import numpy as np

from serving.client import Client
from serving.errors import ServingError
from serving.server.model import LoadedModel
from serving.signature import Signature


class LocalClient(Client):
    """Asks models that are loaded already.

    Args:
        models: by name.
        place: what an error calls the place.
    """

    def __init__(self, models: dict[str, LoadedModel], place: Path):
        super().__init__(str(place))
        self._models = models

    def status(self, model: str) -> dict[int, str]:
        """They answer, or there are none; which version it is, whoever loaded them knows."""
        return {0: "AVAILABLE"} if model in self._models else {}

    def metadata(self, model: str, version: int | None = None) -> dict[str, Signature]:
        return self._model(model).signatures

    def close(self) -> None:
        """Leaves the models to others."""

    def _predict(self, model, arrays, signature, version, known) -> dict[str, np.ndarray]:
        return self._model(model).run(signature, arrays)

    def _model(self, name: str) -> LoadedModel:
        if name not in self._models:
            raise ServingError(f"There is no model called {name} in {self._address}")
        return self._models[name]

"""Calls of a SavedModel's signatures as TF Serving makes them: in a v1 session, by feeding tensors."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from marquee.errors import TrainingError
from trainer.export.description import names_of


class SavedModel:
    """A SavedModel that is loaded for the duration of a `with` block.

    Examples:
        with SavedModel(path) as model:
            films = model.ask("retrieve", user_id=["42"], k=10)["movie_id"]

    Inputs and outputs are named as in MovieLens, whatever the model calls them (`trainer.data.names`).
    """

    def __init__(self, path: str):
        self.path = path
        self._names = names_of(path)
        self._calls: dict[str, tuple[list[str], list[str], Callable]] = {}

    def __enter__(self) -> "SavedModel":
        graph = tf.Graph()
        with graph.as_default():
            self._session = tf.compat.v1.Session(graph=graph)
            self._signatures = self._load()
        return self

    def __exit__(self, *failure) -> None:
        self._session.close()

    def has(self, signature: str) -> bool:
        """Tells whether the model has the signature."""
        return signature in self._signatures

    def ask(self, signature: str, **inputs) -> dict[str, np.ndarray]:
        """Calls a signature and returns its outputs; strings are bytes in arrays of objects.

        Raises:
            TrainingError: the model has no such signature, or the signature takes other inputs.
        """
        names, outputs, call = self._call(signature)
        if set(names) != set(inputs):
            raise TrainingError(
                f"Signature {signature} of the model at {self.path} takes {', '.join(names)}, "
                f"not {', '.join(inputs)}."
            )
        return dict(zip(outputs, call(*(inputs[name] for name in names)), strict=True))

    def _load(self):
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("ERROR")  # hides the loader's deprecation warning; TF Serving uses the same loader
        try:
            return tf.compat.v1.saved_model.loader.load(self._session, ["serve"], self.path).signature_def
        finally:
            logger.setLevel(level)

    def _call(self, signature: str) -> tuple[list[str], list[str], Callable]:
        if signature not in self._calls:
            if signature not in self._signatures:
                raise TrainingError(
                    f"The model at {self.path} has no signature {signature}.",
                    f"It has {', '.join(sorted(self._signatures))}: was it exported by an older version?",
                )
            known = self._signatures[signature]
            fed, fetched = (self._names.inside_of(side) for side in (known.inputs, known.outputs))
            names, outputs = sorted(fed), sorted(fetched)
            call = self._session.make_callable(
                [fetched[name].name for name in outputs], [fed[name].name for name in names]
            )
            self._calls[signature] = names, outputs, call
        return self._calls[signature]

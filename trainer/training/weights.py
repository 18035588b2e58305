"""A model's weights as one file beside its export, for the next run's warm start."""

import json
import os
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np

from marquee.errors import TrainingError
from trainer.models.base import Model

FILE = "weights.npz"
FOLDER = "trained"  # the folder in a model artifact, beside the SavedModel's


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained model's weights, under the names of `Model.weights_by_name`.

    Attributes:
        kind: the name of the model's class.
        weights: the weights' arrays by name.
        keys: the rows' keys by name, for weights whose rows have keys.
        checksum: the checksum of the file that the weights were read from.
    """

    kind: str
    weights: dict[str, np.ndarray]
    keys: dict[str, tuple[str, ...]]
    checksum: str = ""

    @classmethod
    def of(cls, model: Model) -> Self:
        """Copies the model's current weights."""
        named = model.weights_by_name()
        return cls(
            kind=type(model).__name__,
            weights={name: weight.variable.numpy() for name, weight in named.items()},
            keys={name: weight.keys for name, weight in named.items() if weight.keys is not None},
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Reads the file that `write` wrote.

        Raises:
            TrainingError: the file is missing or damaged.
        """
        path = folder / FILE
        try:
            content = path.read_bytes()
            with np.load(BytesIO(content), allow_pickle=False) as arrays:
                facts = json.loads(arrays["facts"].tobytes())
                weights = {name: arrays[f"weight_{place}"] for place, name in enumerate(facts["weights"])}
            keys = {name: tuple(each) for name, each in facts["keys"].items()}
            return cls(facts["kind"], weights, keys, f"{zlib.crc32(content):08x}")
        except FileNotFoundError:
            raise TrainingError(
                f"There are no trained weights at {path}: the model was made by an older version.",
                "Train once more without warm start.",
            ) from None
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise TrainingError(
                f"The trained weights at {path} cannot be read: {error}",
                "Train once more without warm start.",
            ) from error

    def write(self, folder: Path) -> None:
        """Writes `weights.npz` atomically."""
        facts = {"kind": self.kind, "weights": list(self.weights), "keys": self.keys}
        # As bytes: NumPy stores four bytes per character of a string.
        encoded = np.frombuffer(json.dumps(facts, ensure_ascii=False).encode(), np.uint8)
        arrays = {f"weight_{place}": weight for place, weight in enumerate(self.weights.values())}
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{FILE}.part"
        with part.open("wb") as file:
            np.savez(file, facts=encoded, **arrays)  # type: ignore[arg-type]  # none is its allow_pickle
        os.replace(part, folder / FILE)


def trained_folder(saved_model: str) -> Path:
    """Returns the folder of the weights in the model artifact that holds this SavedModel."""
    return Path(saved_model).parent / FOLDER

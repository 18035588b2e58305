"""What a model has learned as one file beside its export: the next run's start."""

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
FOLDER = "trained"  # of a model artifact, beside the SavedModel's


@dataclass(frozen=True, eq=False)
class Trained:
    """Weights without a model, as `Model.weights_by_name` names them.

    Attributes:
        kind: the model's class.
        weights: by name, as arrays.
        keys: what the rows belong to, of those weights whose rows belong to something.
        checksum: of all that, where it was read from a file.
    """

    kind: str
    weights: dict[str, np.ndarray]
    keys: dict[str, tuple[str, ...]]
    checksum: str = ""

    @classmethod
    def of(cls, model: Model) -> Self:
        """A copy of what the model holds now."""
        named = model.weights_by_name()
        return cls(
            kind=type(model).__name__,
            weights={name: weight.variable.numpy() for name, weight in named.items()},
            keys={name: weight.keys for name, weight in named.items() if weight.keys is not None},
        )

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `write` wrote.

        Raises:
            TrainingError: nothing is there, or it is damaged.
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
        """Writes `weights.npz` as a whole or not at all."""
        facts = {"kind": self.kind, "weights": list(self.weights), "keys": self.keys}
        # As bytes: NumPy keeps four for each character of a string.
        encoded = np.frombuffer(json.dumps(facts, ensure_ascii=False).encode(), np.uint8)
        arrays = {f"weight_{place}": weight for place, weight in enumerate(self.weights.values())}
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{FILE}.part"
        with part.open("wb") as file:
            np.savez(file, facts=encoded, **arrays)  # type: ignore[arg-type]  # none is its allow_pickle
        os.replace(part, folder / FILE)


def trained_folder(saved_model: str) -> Path:
    """Where the weights lie of the model artifact that holds this SavedModel."""
    return Path(saved_model).parent / FOLDER

"""The mark of a model artifact without a model, when no refit happened because a blessing was refused."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what reads an outcome needs no TFX
    from tfx import types

FILE = "NOT_REFIT"
WHY = "nothing was refit: not every blessing was given"


def say_not_refit(model: "types.Artifact") -> None:
    """Marks the artifact as holding no model."""
    folder = Path(model.uri)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / FILE).write_text(f"{WHY}\n")


def is_not_refit(model: "types.Artifact") -> bool:
    """Tells whether the artifact was marked by `say_not_refit`."""
    return (Path(model.uri) / FILE).exists()

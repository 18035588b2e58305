"""A model artifact without a model: nothing was refit, because not every blessing was given."""

import os

from tfx import types
from tfx.dsl.io import fileio
from tfx.utils import io_utils

FILE = "NOT_REFIT"
WHY = "nothing was refit: not every blessing was given"


def say_not_refit(model: types.Artifact) -> None:
    """Marks the artifact as holding no model."""
    io_utils.write_string_file(os.path.join(model.uri, FILE), f"{WHY}\n")


def is_not_refit(model: types.Artifact) -> bool:
    """Whether the artifact was marked by `say_not_refit`."""
    return fileio.exists(os.path.join(model.uri, FILE))

"""The model that a new one is compared with, which may not be there."""

from typing import Any

from tfx.dsl.io import fileio
from tfx.utils import path_utils

BASELINE = "baseline_model"


def drop_missing(input_dict: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """`input_dict` without a `baseline_model` that resolved to nothing, or whose artifact holds no model."""
    models = input_dict.get(BASELINE) or []
    if models and fileio.exists(path_utils.serving_model_dir(models[0].uri)):
        return input_dict
    return {name: artifacts for name, artifacts in input_dict.items() if name != BASELINE}

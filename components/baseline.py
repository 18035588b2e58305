"""The baseline model of an evaluation, which may be missing or trained on held-out ratings."""

import logging
from typing import Any

import numpy as np
from tfx.dsl.io import fileio
from tfx.utils import path_utils

from components.bars import Overlap
from trainer.data.names import Names
from trainer.data.pairs.trained_on import TrainedOn
from trainer.export.description import names_of
from trainer.training.weights import trained_folder

BASELINE = "baseline_model"

log = logging.getLogger(__name__)


def drop_missing(input_dict: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Returns `input_dict` without a `baseline_model` that is unresolved or whose artifact holds no model."""
    models = input_dict.get(BASELINE) or []
    if models and fileio.exists(path_utils.serving_model_dir(models[0].uri)):
        return input_dict
    return {name: artifacts for name, artifacts in input_dict.items() if name != BASELINE}


def drop_other_names(input_dict: dict[str, list[Any]], names: Names) -> dict[str, list[Any]]:
    """Returns `input_dict` without a `baseline_model` that reads tf.Examples of other names.

    It would take every user of today's examples for an unknown one, and be worse than it is.
    """
    models = input_dict.get(BASELINE) or []
    if not models or names_of(path_utils.serving_model_path(models[0].uri)) == names:
        return input_dict
    log.warning("The last blessed ranking model has other names for users and items: it is not compared.")
    return {name: artifacts for name, artifacts in input_dict.items() if name != BASELINE}


def eval_overlap(input_dict: dict[str, list[Any]], pairs: np.ndarray) -> Overlap | None:
    """Returns the share of `eval` that the baseline was trained on, for `components.bars.Baseline`.

    Args:
        input_dict: the inputs of an executor, with or without a `baseline_model`.
        pairs: the hash of each row of `eval`, as `trainer.data.pairs.trained_on.rating_pairs` reads them.

    What people rate again stands in the candidate's own train as well, and gives nothing away: those rows of
    `eval` are left out of the question.

    Returns:
        None where there is no baseline; a share of None where nobody wrote down what it was trained on.
    """
    models = input_dict.get(BASELINE) or []
    if not models:
        return None
    record = _record(models)
    if not len(record.pairs):
        return Overlap(None, len(pairs))
    candidate = input_dict.get("model") or []
    own = _record(candidate) if candidate else None
    asked = own.unlearned(pairs) if own is not None and len(own.pairs) else pairs
    return Overlap(record.overlap(asked), len(asked))


def _record(model: list[Any]) -> TrainedOn:
    return TrainedOn.read(trained_folder(path_utils.serving_model_path(model[0].uri)))

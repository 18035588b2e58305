"""Conversion of a configured search space to KerasTuner's hyperparameters."""

from collections.abc import Iterable, Mapping
from contextlib import nullcontext

import keras_tuner

from marquee.errors import ConfigError
from trainer.training.hyperparameters import KIND, kinds_with
from trainer.training.settings import Settings
from tuner.config import Choice, Dimension, FloatRange, IntRange


def hyperparameters(
    space: Mapping[str, Dimension], conditions: Mapping[str, Iterable[str]] | None = None
) -> keras_tuner.HyperParameters:
    """Returns one hyperparameter per dimension, named by its dotted path.

    Args:
        space: the dimensions of the search by path.
        conditions: for paths that not every kind has, the kinds that have them.
    """
    declared, conditions = keras_tuner.HyperParameters(), conditions or {}
    for path in sorted(space, key=lambda path: path != KIND):  # the kind comes first: others depend on it
        kinds = conditions.get(path)
        with declared.conditional_scope(KIND, list(kinds)) if kinds else nullcontext():
            _declare(declared, path, space[path])
    return declared


def conditions(settings: type[Settings], space: Mapping[str, Dimension]) -> dict[str, tuple[str, ...]]:
    """Returns, for a search over kinds, the paths that only some kinds have, with those kinds.

    Raises:
        ConfigError: no kind that is searched has the path.
    """
    over_kinds = space.get(KIND)
    searched = over_kinds.values if isinstance(over_kinds, Choice) else ()
    found = {}
    for path in space:
        kinds = tuple(kind for kind in kinds_with(settings, path) if kind in searched)
        if searched and path.startswith("model.") and not kinds:
            raise ConfigError(f"tune.space: none of {', '.join(map(str, searched))} has a setting {path}.")
        if kinds and len(kinds) < len(searched):
            found[path] = kinds
    return found


def _declare(declared: keras_tuner.HyperParameters, path: str, dimension: Dimension) -> None:
    match dimension:
        case FloatRange():
            declared.Float(path, dimension.min, dimension.max, sampling=dimension.sampling)
        case IntRange():
            declared.Int(path, dimension.min, dimension.max, step=dimension.step)
        case Choice():
            declared.Choice(path, dimension.values)

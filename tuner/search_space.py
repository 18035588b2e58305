"""A configured search space as KerasTuner's hyper-parameters."""

from collections.abc import Mapping

import keras_tuner

from tuner.config import Choice, Dimension, FloatRange, IntRange


def hyperparameters(space: Mapping[str, Dimension]) -> keras_tuner.HyperParameters:
    """One hyper-parameter a dimension, named by its dotted path."""
    declared = keras_tuner.HyperParameters()
    for path, dimension in space.items():
        match dimension:
            case FloatRange():
                declared.Float(path, dimension.min, dimension.max, sampling=dimension.sampling)
            case IntRange():
                declared.Int(path, dimension.min, dimension.max, step=dimension.step)
            case Choice():
                declared.Choice(path, dimension.values)
    return declared

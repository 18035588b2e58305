"""Models that are ready for `fit`: built, compiled, and with their optimizer's variables."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from trainer.models.base import Model
from trainer.models.optimizers.lazy_adam import LazyAdam
from trainer.training.batches import Batches
from trainer.training.config import TrainConfig

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "lazy_adam": LazyAdam,
    "adagrad": keras.optimizers.Adagrad,
    "sgd": keras.optimizers.SGD,
}


class CosineRate(keras.optimizers.schedules.CosineDecay):
    """A cosine decay over all epochs, after a linear rise, whose numbers are variables.

    The graph of a training step does not depend on them, so it need not be compiled again for others.

    Args:
        config: gives the peak, and the numbers of epochs.
        steps: the number of steps of an epoch.
    """

    def __init__(self, config: TrainConfig, steps: int):
        peak, decay, rise = self._variables = tuple(_number(value) for value in _numbers(config, steps))
        if rising_epochs(config):
            super().__init__(0.0, decay, warmup_target=peak, warmup_steps=rise)
        else:
            super().__init__(peak, decay)

    def take(self, config: TrainConfig, steps: int) -> None:
        """Takes the numbers of another training, which has a rise if this one has."""
        for variable, value in zip(self._variables, _numbers(config, steps), strict=True):
            variable.assign(value)


def learning_rate(config: TrainConfig, steps: int) -> float | CosineRate:
    """Returns the constant rate, or its schedule, which depends on the optimizer's step count alone."""
    return config.learning_rate if config.schedule == "none" else CosineRate(config, steps)


def rising_epochs(config: TrainConfig) -> int:
    """Returns the number of epochs in which the rate rises: at most half of all."""
    return min(config.warmup_epochs, config.epochs // 2)


def compiled(
    build_model: Callable[[], Model],
    data: Batches,
    config: TrainConfig,
    rate: float | CosineRate | None = None,
) -> Model:
    """Returns a compiled model with its weights and optimizer built, ready for `fit`.

    Args:
        build_model: a function that builds the model.
        data: the batches of train.
        config: the training settings.
        rate: the learning rate; None: that of the settings.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(config.precision)
    try:
        model = build_model()
    finally:
        keras.config.set_dtype_policy(before)
    # Weights and the optimizer's moments must exist before fit, so that they can be restored and mirrored.
    model(
        next(
            iter(
                data.starting_at(0).map(lambda batch: tf.nest.map_structure(lambda column: column[:2], batch))
            )
        )
    )
    model.compile(
        optimizer=OPTIMIZERS[config.optimizer](learning_rate(config, data.steps) if rate is None else rate),
        # With several steps per execution, Keras 3.15 leaves a placeholder unfed if each replica has inputs.
        steps_per_execution=1 if config.strategy == "mirrored" else data.steps_per_execution,
        jit_compile=config.xla,
    )
    model.optimizer.build(model.trainable_variables)
    return model


class KeptModel:
    """A compiled model that several trainings use one after the other, such as the trials of a search.

    Trainings that differ in the learning rate and the number of epochs alone share it: its variables are set
    back to where they began. To trace and compile a step takes as long as several epochs of a small data set.
    """

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._model: Model | None = None
        self._rate: float | CosineRate = 0.0
        self._start: list[np.ndarray] = []

    def compiled(
        self, build_model: Callable[[], Model], data: Batches, config: TrainConfig, identity: str
    ) -> Model:
        """Returns what `compiled` returns; the same model again where nothing else has changed.

        Args:
            build_model: a function that builds the model.
            data: the batches of train.
            config: the training settings.
            identity: a fingerprint of whatever the model depends on beside `config`.
        """
        rates = {"learning_rate", "epochs", "patience", "warmup_epochs"}
        rises = config.schedule != "none" and rising_epochs(config) > 0
        key = (identity, config.model_dump_json(exclude=rates), rises, data.steps, data.steps_per_execution)
        if self._model is None or key != self._key:
            self._model = None  # lets go of the memory first
            self._rate = learning_rate(config, data.steps)
            self._model = compiled(build_model, data, config, self._rate)
            self._key, self._start = key, [each.numpy() for each in _variables(self._model)]
            return self._model
        for variable, value in zip(_variables(self._model), self._start, strict=True):
            variable.assign(value)
        if isinstance(self._rate, CosineRate):
            self._rate.take(config, data.steps)
        else:
            self._model.optimizer.learning_rate = config.learning_rate
        return self._model


def _numbers(config: TrainConfig, steps: int) -> tuple[float, float, float]:
    """Returns the peak of the rate, and the numbers of steps in which it falls and rises."""
    rising = rising_epochs(config)
    return config.learning_rate, float((config.epochs - rising) * steps), float(rising * steps)


def _number(value: float) -> keras.Variable:
    return keras.Variable(value, trainable=False, dtype="float32")


def _variables(model: Model) -> list[keras.Variable]:
    return [*model.variables, *model.optimizer.variables]

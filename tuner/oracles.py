"""The three search strategies as oracles of KerasTuner."""

from collections.abc import Iterable, Mapping

import keras_tuner
from keras_tuner.oracles import BayesianOptimizationOracle, HyperbandOracle, RandomSearchOracle

from tuner.config import IntRange, TuneConfig
from tuner.search_space import hyperparameters

EPOCHS = "train.epochs"


def oracle(
    config: TuneConfig,
    objective: keras_tuner.Objective,
    epochs: int,
    conditions: Mapping[str, Iterable[str]] | None = None,
) -> keras_tuner.Oracle:
    """Builds the oracle of `config.strategy`.

    Hyperband sets the epochs itself, by its rungs: `train.epochs` is not searched then, and its upper bound
    is the largest number of epochs of a trial.

    Args:
        config: the strategy, number of trials, seed and space.
        objective: the metric to minimize or maximize.
        epochs: the configured epochs, Hyperband's maximum if the space does not bound them.
        conditions: the result of `search_space.conditions`, if kinds are searched.
    """
    space = dict(config.space)
    common = {"objective": objective, "seed": config.seed, "max_retries_per_trial": 0}
    # A failed trial is reported, not fatal: the search fails only if every trial does.
    common["max_consecutive_failed_trials"] = config.trials + 1
    if config.strategy == "hyperband":
        bound = space.pop(EPOCHS, None)
        most = bound.max if isinstance(bound, IntRange) else epochs
        made = HyperbandOracle(
            max_epochs=most, factor=3, hyperparameters=hyperparameters(space, conditions), **common
        )
        made.max_trials = config.trials  # TFX's Tuner reads it; Hyperband leaves it unset
        return made
    kind = RandomSearchOracle if config.strategy == "random" else BayesianOptimizationOracle
    return kind(max_trials=config.trials, hyperparameters=hyperparameters(space, conditions), **common)


def settings(trial_values: dict[str, object]) -> dict[str, object]:
    """Returns a trial's values by dotted path: Hyperband's rung becomes `train.epochs`."""
    chosen = {path: value for path, value in trial_values.items() if not path.startswith("tuner/")}
    if "tuner/epochs" in trial_values:
        chosen[EPOCHS] = trial_values["tuner/epochs"]
    return chosen

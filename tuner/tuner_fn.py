"""The `tuner_fn` that TFX's Tuner calls: a search over a task's settings."""

import os
import tempfile
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")  # before TensorFlow: Keras 3

import keras_tuner
from tfx.components.tuner.component import TunerFnResult

from trainer.data.description import Description
from trainer.data.learnable import check_learnable
from trainer.data.rating_data import RatingData
from trainer.run_fn import task_of
from trainer.training.compiled import KeptModel
from trainer.training.hyperparameters import apply_hyperparameters
from tuner.config import TuneConfig
from tuner.oracles import oracle
from tuner.search_space import conditions
from tuner.training_tuner import TrainingTuner


def tuner_fn(fn_args) -> TunerFnResult:
    """Reads the data once, and returns a tuner whose trials train on it.

    It reads these entries of `fn_args.custom_config`: `task`, its settings and `description`, as in
    `trainer.run_fn`;
    `tune`, a TuneConfig; `trials_dir`, the folder where finished trials survive an interruption, or None.

    Raises:
        ConfigError: the space names a setting that the model does not have.
    """
    custom = fn_args.custom_config
    tune = TuneConfig.model_validate(custom["tune"])
    task = task_of(custom)
    description = Description.checked(custom["description"])
    settings = task.settings.of(custom, None).for_data(description)
    search = oracle(
        tune,
        keras_tuner.Objective(settings.monitor, task.settings.monitor_mode),
        settings.train.epochs,
        conditions(task.settings, tune.space),
    )
    # An unknown path would fail every trial in the same way, so it is checked before the first.
    apply_hyperparameters(settings, search.get_space().values)
    data = RatingData.read(
        fn_args.train_files,
        fn_args.eval_files,
        fn_args.transform_graph_path,
        description,
    )
    check_learnable(data, custom.get("task", "ranking"))

    kept = KeptModel()  # most searches vary rates and epochs, for which a step need not be compiled again

    def run_trial(values, on_epoch):
        result = task.train(apply_hyperparameters(settings, values), data, on_epoch=on_epoch, kept=kept)
        return result.history[result.best_epoch - 1]

    directory = Path(custom["trials_dir"] or tempfile.mkdtemp(prefix="trials-"))
    return TunerFnResult(tuner=TrainingTuner(search, run_trial, directory), fit_kwargs={})

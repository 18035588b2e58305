"""A KerasTuner tuner whose trials are runs of Marquee's own training loop."""

from collections.abc import Callable
from pathlib import Path

import keras
import keras_tuner

from marquee.progress import report
from trainer.training.epoch_log import LOGS
from tuner.oracles import settings
from tuner.trial_log import trial_log

#: A function that trains with some settings, reports each epoch's number, from 1, and logs, and returns the
#: best epoch's logs.
RunTrial = Callable[[dict[str, object], Callable[[int, dict[str, float]], None]], dict[str, float]]


class TrainingTuner(keras_tuner.Tuner):
    """A tuner that keeps finished trials in `directory`, so that an interrupted search does not repeat them.

    TensorBoard's logs are in `directory`'s `logs/<trial>/`, with its values for the HParams dashboard.

    Args:
        oracle: the oracle that proposes the next trial.
        run_trial: a function that trains with the settings of a trial.
        directory: the folder of the trials.
    """

    def __init__(self, oracle: keras_tuner.Oracle, run_trial: RunTrial, directory: Path):
        self._run = run_trial
        super().__init__(
            oracle=oracle, directory=str(directory.parent), project_name=directory.name, overwrite=False
        )

    def run_trial(self, trial: keras_tuner.engine.trial.Trial, *args, **kwargs) -> dict[str, float]:
        """Runs one training; KerasTuner records the result or the failure."""
        number, most = int(trial.trial_id) + 1, self.oracle.max_trials
        values = settings(trial.hyperparameters.values)

        def say(epoch: int, logs: dict[str, float]) -> None:
            name = self.oracle.objective.name
            report(f"trial {number} of {most}, epoch {epoch}, {name} {logs[name]:.4f}", (number - 1) / most)
            log.write(epoch, logs)

        try:
            with trial_log(Path(self.project_dir) / LOGS / trial.trial_id, values) as log:
                return self._run(values, say)
        finally:
            keras.backend.clear_session()  # each trial builds a model; without this they pile up

    def get_best_hyperparameters(self, num_trials: int = 1) -> list[keras_tuner.HyperParameters]:
        """Returns KerasTuner's best hyperparameters, with dotted paths only, which a trainer can apply."""
        best = super().get_best_hyperparameters(num_trials)
        for found in best:
            found.values = settings(found.values)
        return best

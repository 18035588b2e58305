"""A KerasTuner tuner whose trials are runs of Marquee's own training loop."""

from collections.abc import Callable
from pathlib import Path

import keras
import keras_tuner

from marquee.progress import report
from trainer.training.epoch_log import LOGS
from tuner.oracles import settings
from tuner.trial_log import trial_log

#: Trains with some settings and tells each epoch's number, from 1, and logs; returns the best logs.
RunTrial = Callable[[dict[str, object], Callable[[int, dict[str, float]], None]], dict[str, float]]


class TrainingTuner(keras_tuner.Tuner):
    """Searches; finished trials are kept in `directory` and not repeated after an interruption.

    TensorBoard's logs lie in `directory`'s `logs/<trial>/`, with what was tried for its HParams dashboard.

    Args:
        oracle: what to try next.
        run_trial: trains with the settings of a trial.
        directory: where the trials are kept.
    """

    def __init__(self, oracle: keras_tuner.Oracle, run_trial: RunTrial, directory: Path):
        self._run = run_trial
        super().__init__(
            oracle=oracle, directory=str(directory.parent), project_name=directory.name, overwrite=False
        )

    def run_trial(self, trial: keras_tuner.engine.trial.Trial, *args, **kwargs) -> dict[str, float]:
        """One training; KerasTuner writes down what it returns, or why it failed."""
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
        """As KerasTuner's, with dotted paths alone: what a trainer can apply."""
        best = super().get_best_hyperparameters(num_trials)
        for found in best:
            found.values = settings(found.values)
        return best

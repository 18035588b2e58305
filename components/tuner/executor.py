"""Runs the search, and writes a table and TensorBoard's logs of all trials beside TFX's own outputs."""

import json
import os
import shutil

from tfx.components.tuner import executor as tfx_tuner
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from marquee.errors import TrainingError
from trainer.training.epoch_log import LOGS
from tuner.trials import trial_table


class Executor(base_executor.BaseExecutor):
    """Executes AccountingTuner."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """Searches, and writes the best hyper-parameters and the results.

        The results are `tuner_results.json` (TFX's), `trials.json` (all trials), and `logs/` (TensorBoard's,
        one folder per trial).
        """
        try:
            tuner = tfx_tuner.search(
                input_dict, exec_properties, self._get_tmp_dir(), print_tuning_summary=False
            )
        except RuntimeError as error:
            # KerasTuner gives up after several failures in a row and says only that.
            raise TrainingError(f"the tuner gave up: {str(error).strip().splitlines()[-1]}") from error
        trials = trial_table(tuner)
        if not any(trial["status"] == "COMPLETED" for trial in trials):
            raise TrainingError(
                "no trial of the tuner was completed: " + "; ".join(sorted({t["error"] for t in trials})),
                "correct `tune.space`, or train with the configured settings: --no-tune",
            )
        tfx_tuner.write_best_hyperparameters(tuner, output_dict)
        results = artifact_utils.get_single_uri(output_dict["tuner_results"])
        io_utils.write_string_file(os.path.join(results, "trials.json"), json.dumps(trials, indent=1))
        io_utils.copy_dir(os.path.join(tuner.project_dir, LOGS), os.path.join(results, LOGS))
        shutil.rmtree(tuner.project_dir)  # kept the finished trials of an interrupted search

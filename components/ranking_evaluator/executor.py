"""Leaves a baseline out that is not there, does what TFX's Evaluator does, and writes it down plainly."""

import json
import os

from tfx.components.evaluator import executor
from tfx.types import artifact_utils
from tfx.utils import io_utils

from components.baseline import drop_missing
from components.ranking_evaluator.by_slice import by_slice


class Executor(executor.Executor):
    """Executes RankingEvaluator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RankingEvaluator."""
        super().Do(drop_missing(input_dict), output_dict, exec_properties)
        evaluation = artifact_utils.get_single_uri(output_dict["evaluation"])
        io_utils.write_string_file(
            os.path.join(evaluation, "slices.json"),
            json.dumps(by_slice(evaluation), indent=1, allow_nan=False),
        )

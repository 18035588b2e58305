"""Runs TFX's Evaluator, compares with the last blessed model, and decides about the blessing."""

import json
import os

from tfx.components.evaluator import executor
from tfx.types import artifact_utils

from components.bars import Baseline
from components.baseline import BASELINE, drop_missing, drop_other_names, eval_overlap
from components.blessing import bless
from components.inputs import saved_model, split_files
from components.ranking_evaluator.by_slice import WHOLE, by_slice
from components.ranking_evaluator.few_values import with_few_values
from components.ranking_evaluator.paired import Paired
from components.ranking_evaluator.verdicts import FILE, judged
from components.whole_json import write_json
from trainer.data import features
from trainer.data.description import Description


class Executor(executor.Executor):
    """Executes RankingEvaluator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RankingEvaluator."""
        description = Description.model_validate_json(exec_properties["description"])
        input_dict = drop_other_names(drop_missing(input_dict), description.names)
        few = with_few_values(exec_properties["eval_config"], saved_model(input_dict["model"]))
        super().Do(input_dict, output_dict, {**exec_properties, "eval_config": few})
        folder = artifact_utils.get_single_uri(output_dict["evaluation"])
        slices = by_slice(folder)
        write_json(os.path.join(folder, "slices.json"), slices)
        whole = slices[WHOLE][WHOLE]
        baseline = None
        if input_dict.get(BASELINE):
            baseline = _baseline(input_dict, whole["baseline"], description)
        found = judged(json.loads(exec_properties["bars"]), whole["candidate"], baseline)
        write_json(os.path.join(folder, FILE), found)
        bless(input_dict, output_dict, exec_properties, found["blessed"])


def _baseline(input_dict, values: dict[str, float | None], description: Description) -> Baseline:
    """Returns the last blessed model's metrics, their standard errors and its overlap with eval."""
    candidate, last = (saved_model(input_dict[key]) for key in ("model", BASELINE))
    files, implicit = split_files(input_dict["examples"], features.EVAL), description.implicit
    paired = Paired.read(candidate, last, files, description)
    return Baseline(
        {name: value for name, value in values.items() if value is not None},
        paired.standard_errors(chances=implicit),
        # Sampled negatives are drawn from what no model was trained on as an interaction.
        eval_overlap(input_dict, paired.pairs[paired.stars > 0] if implicit else paired.pairs),
    )

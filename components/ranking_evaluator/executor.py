"""Measures a ranking model and the last blessed one, compares them, and decides about the blessing."""

import json
import os

from tfx.components.evaluator import executor
from tfx.types import artifact_utils
from tfx.utils import json_utils

from components.bars import Baseline
from components.baseline import BASELINE, drop_missing, drop_other_names, eval_overlap
from components.blessing import bless
from components.inputs import saved_model, split_files
from components.ranking_evaluator.by_slice import WHOLE, by_slice
from components.ranking_evaluator.eval_rows import EvalRows
from components.ranking_evaluator.event_rows import EventRows
from components.ranking_evaluator.few_values import with_few_values
from components.ranking_evaluator.sums import summed
from components.ranking_evaluator.verdicts import FILE, judged
from components.whole_json import write_json
from marquee.progress import report
from trainer.data import features
from trainer.data.description import Description

#: The names that the EvalConfig gives to the two models.
MODELS = {"candidate": "model", "baseline": BASELINE}


class Executor(executor.Executor):
    """Executes RankingEvaluator: by sums in this process, or by TFX's Evaluator as a Beam pipeline."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RankingEvaluator."""
        description = Description.model_validate_json(exec_properties["description"])
        input_dict = drop_other_names(drop_missing(input_dict), description.names)
        few = with_few_values(exec_properties["eval_config"], saved_model(input_dict["model"]))
        folder = artifact_utils.get_single_uri(output_dict["evaluation"])
        models = {name: saved_model(input_dict[key]) for name, key in MODELS.items() if input_dict.get(key)}
        splits = json_utils.loads(exec_properties.get("example_splits") or "null") or [features.EVAL]
        files = [file for split in splits for file in split_files(input_dict["examples"], split)]
        rows = (
            summed(folder, few, models, files, description)
            if exec_properties["computed_by"] == "sums"
            else None
        )
        if rows is None:
            report("TFMA is measuring, row by row")
            super().Do(input_dict, output_dict, {**exec_properties, "eval_config": few})
        slices = by_slice(folder)
        whole = slices[WHOLE][WHOLE]
        events = EventRows.read(models, files, description)
        if events:
            for name in events.models:
                whole[name] |= events.measures(name)
        write_json(os.path.join(folder, "slices.json"), slices)
        baseline = None
        if len(models) > 1:
            rows = rows or EvalRows.read(models, files, description=description)
            baseline = _baseline(input_dict, rows, events, whole["baseline"], description.implicit)
        found = judged(json.loads(exec_properties["bars"]), whole["candidate"], baseline)
        write_json(os.path.join(folder, FILE), found)
        bless(input_dict, output_dict, exec_properties, found["blessed"])


def _baseline(
    input_dict,
    rows: EvalRows,
    events: EventRows | None,
    values: dict[str, float | None],
    implicit: bool,
) -> Baseline:
    """Returns the last blessed model's metrics, their standard errors and its overlap with eval."""
    paired = rows.paired(*MODELS)
    of_events = events.standard_errors(*MODELS) if events else {}
    return Baseline(
        {name: value for name, value in values.items() if value is not None},
        paired.standard_errors(chances=implicit) | of_events,
        # Sampled negatives are drawn from what no model was trained on as an interaction.
        eval_overlap(input_dict, paired.pairs[paired.stars > 0] if implicit else paired.pairs),
    )

"""Evaluates the candidate, popularity and the last blessed model; writes metrics and the blessing."""

import os
from contextlib import ExitStack
from typing import Any

import numpy as np
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.baseline import BASELINE, drop_missing
from components.blessing import bless
from components.inputs import saved_model
from components.list_evaluation import Bars, EvalSplit, Evaluation
from components.retrieval_evaluator.plots import plots
from components.whole_json import write_json
from marquee.progress import report
from trainer.evaluation.measures import QUALITY_MEASURES, SEARCH_MEASURES
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.quality import LONGEST, judge, measure
from trainer.export.saved_model import SavedModel
from trainer.judging.by_history import ByHistory
from trainer.judging.search import search_quality
from trainer.judging.vectors import Vectors


class Executor(base_executor.BaseExecutor):
    """Executes RetrievalEvaluator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RetrievalEvaluator."""
        input_dict = drop_missing(input_dict)
        bars = Bars.parse(
            exec_properties["bars"], exec_properties["over_popularity"], QUALITY_MEASURES, SEARCH_MEASURES
        )
        split = EvalSplit.read(input_dict, exec_properties)
        evaluation, plotted = _evaluate(input_dict, split, bars)
        folder = artifact_utils.get_single_uri(output_dict["evaluation"])
        write_json(os.path.join(folder, "metrics.json"), evaluation.metrics())
        write_json(os.path.join(folder, "plots.json"), plotted)
        bless(input_dict, output_dict, exec_properties, evaluation.blessed)


def _evaluate(input_dict, split: EvalSplit, bars: Bars) -> tuple[Evaluation, dict[str, Any]]:
    """Returns the evaluation and its plots."""
    held_out, catalogue = split.held_out, split.data.catalogue
    qualities, scores, search = {"popularity": judge(popular_lists(held_out), held_out)}, {}, {}
    models = {"candidate": "model", "baseline": BASELINE}
    models = {name: saved_model(input_dict[key]) for name, key in models.items() if input_dict.get(key)}
    with ExitStack() as stack:
        for place, (name, path) in enumerate(models.items()):
            report(f"ranking the catalogue for {len(held_out.users)} users: {name}", place / len(models))
            model = stack.enter_context(SavedModel(path))
            if held_out.met or name == "candidate":  # whose search is measured in any case
                vectors = Vectors.read(model, catalogue.vocabularies)
            if name == "candidate":
                known = held_out.users if held_out.met else np.arange(1, catalogue.users)
                search = search_quality(model, vectors, catalogue, known)
            if held_out.met:
                scores[name] = vectors.scores
                qualities[name] = measure(vectors.scores, held_out)
            else:
                asked = ByHistory(model, "candidates_for_history", held_out)
                scores[name] = asked.scores
                qualities[name] = judge(asked.lists(LONGEST), held_out)
        drawn = plots(qualities, scores)
    return Evaluation(qualities, search, bars, split.overlap), drawn

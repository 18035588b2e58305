"""Evaluates the lists of the candidate, popularity and the last blessed recommender; writes the blessing."""

import os
from pathlib import Path

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.baseline import BASELINE, drop_missing
from components.blessing import bless
from components.inputs import saved_model
from components.list_evaluation import Bars, EvalSplit, Evaluation
from components.whole_json import write_json
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.recommender_measures import LIST_MEASURES, RECOMMENDER_MEASURES, K
from trainer.export.recommender.assemble import parts_of
from trainer.export.saved_model import SavedModel
from trainer.judging.recommender_lists import recommended
from trainer.judging.recommender_quality import judge_recommender
from trainer.judging.under_mean import Liked


class Executor(base_executor.BaseExecutor):
    """Executes RecommenderEvaluator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RecommenderEvaluator."""
        input_dict = drop_missing(input_dict)
        split = EvalSplit.read(input_dict, exec_properties)
        held_out = split.held_out
        liked = None if held_out.catalogue.description.implicit else _liked(split)
        measures = LIST_MEASURES if liked is None else RECOMMENDER_MEASURES
        bars = Bars.parse(exec_properties["bars"], exec_properties["over_popularity"], measures)
        models = {"candidate": input_dict["model"]}
        if input_dict.get(BASELINE):
            models["baseline"] = input_dict[BASELINE]
        lists = {"popularity": popular_lists(held_out, K)}
        for name, model in models.items():
            with SavedModel(saved_model(model)) as loaded:
                said = f"recommending to {len(held_out.users):,} users: {name}"
                lists[name] = recommended(loaded, held_out, K, said)
        evaluation = Evaluation(
            {name: judge_recommender(each, held_out, liked) for name, each in lists.items()},
            {},
            bars,
            split.overlap,
            len(models) > 1 and _same_parts(*(Path(saved_model(model)) for model in models.values())),
        )
        metrics = evaluation.metrics()
        if liked is not None:
            metrics["eval"]["under_mean"] = liked.chosen
        folder = artifact_utils.get_single_uri(output_dict["evaluation"])
        write_json(os.path.join(folder, "metrics.json"), metrics)
        bless(input_dict, output_dict, exec_properties, evaluation.blessed)


def _liked(split: EvalSplit) -> Liked:
    data, held_out = split.data, split.held_out
    if held_out.brought is None:
        assert data.evaluation is not None  # the lists are judged by it
        return Liked(data.train, data.evaluation, data.catalogue.users)
    return Liked(held_out.brought.history, held_out.brought.rest, held_out.catalogue.users)


def _same_parts(candidate: Path, baseline: Path) -> bool:
    """Tells whether both recommenders were made of the same two models."""
    made_of = [parts_of(each) for each in (candidate, baseline)]
    return made_of[0] is not None and made_of[0] == made_of[1]

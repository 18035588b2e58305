"""Measures the candidate's lists, popularity's and the last blessed recommender's; writes the blessing."""

import json
import math
import os
from pathlib import Path

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.baseline import BASELINE, drop_missing, eval_overlap
from components.blessing import bless
from components.list_evaluation import Bars, Evaluation, write_json
from trainer import features
from trainer.data import RatingData
from trainer.progress import report
from trainer.recommender.assemble import parts_of
from trainer.recommender.lists import recommended
from trainer.recommender.quality import judge_recommender
from trainer.recommender.under_mean import Liked
from trainer.recommender_measures import RECOMMENDER_MEASURES, K
from trainer.retrieval.popularity import popular_lists
from trainer.retrieval.quality import HeldOut
from trainer.saved_model import SavedModel
from trainer.trained_on import rating_pairs


class Executor(base_executor.BaseExecutor):
    """Executes RecommenderEvaluator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RecommenderEvaluator."""
        input_dict = drop_missing(input_dict)
        bars = Bars.parse(exec_properties["bars"], exec_properties["over_popularity"], RECOMMENDER_MEASURES)
        report("reading train and eval")
        data = RatingData.read(
            _files(input_dict["examples"], features.TRAIN),
            _files(input_dict["examples"], features.EVAL),
            artifact_utils.get_single_uri(input_dict["transform_graph"]),
        )
        min_rating = json.loads(exec_properties["min_rating"] or "null")
        held_out = HeldOut.of_split(data.evaluation, data.eval_files, data.catalogue, min_rating)
        if held_out.met:
            liked = Liked(data.train, data.evaluation, data.catalogue.users)
        else:
            liked = Liked(held_out.brought.history, held_out.brought.rest, held_out.catalogue.users)
        models = {"candidate": input_dict["model"]}
        if input_dict.get(BASELINE):
            models["baseline"] = input_dict[BASELINE]
        lists = {"popularity": popular_lists(held_out, K)}
        for name, model in models.items():
            with SavedModel(_path(model)) as loaded:
                said = f"recommending to {len(held_out.users):,} users: {name}"
                lists[name] = recommended(loaded, held_out, K, said)
        evaluation = Evaluation(
            {name: judge_recommender(each, held_out, liked) for name, each in lists.items()},
            {},
            bars,
            eval_overlap(input_dict, rating_pairs(_files(input_dict["examples"], features.EVAL))),
            len(models) > 1 and _same_parts(*(Path(_path(model)) for model in models.values())),
        )
        metrics = evaluation.metrics()
        metrics["eval"]["under_mean"] = None if math.isnan(liked.chosen) else liked.chosen
        folder = artifact_utils.get_single_uri(output_dict["evaluation"])
        write_json(os.path.join(folder, "metrics.json"), metrics)
        bless(input_dict, output_dict, exec_properties, evaluation.blessed)


def _files(examples: list[types.Artifact], split: str) -> list[str]:
    return [io_utils.all_files_pattern(uri) for uri in artifact_utils.get_split_uris(examples, split)]


def _same_parts(candidate: Path, baseline: Path) -> bool:
    """Whether both were made of the same two models."""
    made_of = [parts_of(each) for each in (candidate, baseline)]
    return made_of[0] is not None and made_of[0] == made_of[1]


def _path(model: list[types.Artifact]) -> str:
    return path_utils.serving_model_path(artifact_utils.get_single_uri(model))

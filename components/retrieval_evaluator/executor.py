"""Measures the candidate, popularity and the last blessed model, and writes metrics and the blessing."""

import json
import os

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.baseline import BASELINE, drop_missing, eval_overlap
from components.blessing import bless
from components.list_evaluation import Bars, Evaluation, write_json
from components.retrieval_evaluator.plots import plots
from trainer import features
from trainer.data import RatingData
from trainer.progress import report
from trainer.retrieval.measures import QUALITY_MEASURES, SEARCH_MEASURES
from trainer.retrieval.popularity import popular_lists
from trainer.retrieval.quality import HeldOut, Scores, judge, measure
from trainer.retrieval.search import search_quality
from trainer.retrieval.vectors import Vectors
from trainer.saved_model import SavedModel
from trainer.trained_on import rating_pairs


class Executor(base_executor.BaseExecutor):
    """Executes RetrievalEvaluator."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RetrievalEvaluator."""
        input_dict = drop_missing(input_dict)
        bars = Bars.parse(
            exec_properties["bars"], exec_properties["over_popularity"], QUALITY_MEASURES, SEARCH_MEASURES
        )
        report("reading train and eval")
        data = RatingData.read(
            _files(input_dict["examples"], features.TRAIN),
            _files(input_dict["examples"], features.EVAL),
            artifact_utils.get_single_uri(input_dict["transform_graph"]),
        )
        min_rating = json.loads(exec_properties["min_rating"] or "null")
        held_out = HeldOut.of(data.evaluation, data.catalogue, min_rating)
        evaluation, scores = _evaluate(input_dict, held_out, bars)
        folder = artifact_utils.get_single_uri(output_dict["evaluation"])
        write_json(os.path.join(folder, "metrics.json"), evaluation.metrics())
        write_json(os.path.join(folder, "plots.json"), plots(evaluation.qualities, scores))
        bless(input_dict, output_dict, exec_properties, evaluation.blessed)


def _evaluate(input_dict, held_out: HeldOut, bars: Bars) -> tuple[Evaluation, dict[str, Scores]]:
    """The evaluation, and by model the function that scores the catalogue."""
    vocabularies = held_out.catalogue.vocabularies
    with SavedModel(_path(input_dict["model"])) as model:
        candidate = Vectors.read(model, vocabularies)
        search = search_quality(model, candidate, held_out.catalogue, held_out.users)
    scores = {"candidate": candidate.scores}
    overlap = None
    if input_dict.get(BASELINE):
        with SavedModel(_path(input_dict[BASELINE])) as model:
            scores["baseline"] = Vectors.read(model, vocabularies).scores
        overlap = eval_overlap(input_dict, rating_pairs(_files(input_dict["examples"], features.EVAL)))
    qualities = {"popularity": judge(popular_lists(held_out), held_out)}
    for place, (name, function) in enumerate(scores.items()):
        report(f"ranking the catalogue for {len(held_out.users)} users: {name}", place / len(scores))
        qualities[name] = measure(function, held_out)
    return Evaluation(qualities, search, bars, overlap), scores


def _files(examples: list[types.Artifact], split: str) -> list[str]:
    return [io_utils.all_files_pattern(uri) for uri in artifact_utils.get_split_uris(examples, split)]


def _path(model: list[types.Artifact]) -> str:
    return path_utils.serving_model_path(artifact_utils.get_single_uri(model))

"""Runs the exported models over the test split and measures."""

import json
import os

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.run_report.lists import recommender_quality, retrieval_quality
from components.run_report.ratings import rating_errors
from trainer import features
from trainer.catalogue import read_train
from trainer.errors import TrainingError
from trainer.ratings import Ratings
from trainer.retrieval.quality import HeldOut
from trainer.vocabularies import Vocabularies


class Executor(base_executor.BaseExecutor):
    """Executes RunReport."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RunReport."""
        train, test = (_files(input_dict["examples"], split) for split in (features.TRAIN, features.TEST))
        report = rating_errors(_path(input_dict["ranking"]), train, test)
        retrieval, recommender = input_dict.get("retrieval"), input_dict.get("recommender")
        if retrieval or recommender:
            transform = artifact_utils.get_single_uri(input_dict["transform_graph"])
            held_out = _held_out(train, test, transform, json.loads(exec_properties["min_rating"] or "null"))
            if retrieval:
                report |= retrieval_quality(_path(retrieval), held_out)
            if recommender:
                report |= recommender_quality(_path(recommender), held_out)
        io_utils.write_string_file(
            os.path.join(artifact_utils.get_single_uri(output_dict["report"]), "report.json"),
            json.dumps(report, indent=1),
        )


def _held_out(train: list[str], test: list[str], transform: str, min_rating: float | None) -> HeldOut | None:
    """None where test holds nothing to be found: a run is reported all the same."""
    vocabularies = Vocabularies.from_transform(transform)
    _, catalogue = read_train(train, vocabularies)
    ratings = Ratings.from_files(test, vocabularies)
    try:
        return HeldOut.of(ratings, catalogue, min_rating)
    except TrainingError:
        return None


def _files(examples: list[types.Artifact], split: str) -> list[str]:
    return [io_utils.all_files_pattern(uri) for uri in artifact_utils.get_split_uris(examples, split)]


def _path(model: list[types.Artifact]) -> str:
    return path_utils.serving_model_path(artifact_utils.get_single_uri(model))

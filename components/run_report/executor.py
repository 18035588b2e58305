"""Runs the exported models over the test split and measures."""

import json
import os

from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import io_utils, path_utils

from components.run_report.lists import means
from components.run_report.predictions import Predictions, mean_stars
from components.run_report.ratings import rating_errors
from components.run_report.study import Study
from trainer import features
from trainer.plain_json import finite
from trainer.progress import report as say


class Executor(base_executor.BaseExecutor):
    """Executes RunReport."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RunReport."""
        examples, folder = input_dict["examples"], artifact_utils.get_single_uri(output_dict["report"])
        train, test = (_files(examples, split) for split in (features.TRAIN, features.TEST))
        say("rating what test holds", 0.0)
        predictions = Predictions.read(_path(input_dict["ranking"]), test)
        if not input_dict.get("transform_graph"):
            _write(folder, "report.json", rating_errors(predictions, mean_stars(train)))
            return
        study = Study.read(
            {split: _files(examples, split) for split in _splits(examples[0])},
            artifact_utils.get_single_uri(input_dict["transform_graph"]),
            json.loads(exec_properties["min_rating"] or "null"),
        )
        models = {
            name: _path(input_dict[name]) for name in ("retrieval", "recommender") if input_dict.get(name)
        }
        found, details = study.of(predictions, models)
        lists = {name: quality and means(name, quality) for name, quality in found.items()}
        _write(folder, "report.json", rating_errors(predictions, study.catalogue.mean_rating) | lists)
        _write(folder, "details.json", details)


def _splits(examples: types.Artifact) -> list[str]:
    there = artifact_utils.decode_split_names(examples.split_names)
    return [split for split in features.SPLITS if split in there]


def _files(examples: list[types.Artifact], split: str) -> list[str]:
    return [io_utils.all_files_pattern(uri) for uri in artifact_utils.get_split_uris(examples, split)]


def _path(model: list[types.Artifact]) -> str:
    return path_utils.serving_model_path(artifact_utils.get_single_uri(model))


def _write(folder: str, name: str, content: dict) -> None:
    # A node that only reports should not fail of a measure that is no number.
    text = json.dumps(finite(content), indent=1, ensure_ascii=False, allow_nan=False)
    io_utils.write_string_file(os.path.join(folder, name), text)

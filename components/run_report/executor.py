"""Evaluates the exported models on the test split."""

import json
import os

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.described import description_of
from components.inputs import files_by_split, saved_model, split_files
from components.ranking_evaluator.event_rows import EventRows
from components.run_report.chances import chance_errors
from components.run_report.lists import means
from components.run_report.predictions import Predictions, mean_stars
from components.run_report.ratings import rating_errors
from components.run_report.study import Study
from components.whole_json import write_json
from marquee.progress import report as say
from trainer.data import features


class Executor(base_executor.BaseExecutor):
    """Executes RunReport."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RunReport."""
        examples, folder = input_dict["examples"], artifact_utils.get_single_uri(output_dict["report"])
        train, test = (split_files(examples, split) for split in (features.TRAIN, features.TEST))
        say("rating what test holds", 0.0)
        labelled = input_dict.get("labelled")
        judged = split_files(labelled, features.TEST) if labelled else test
        description = description_of(exec_properties)
        predictions = Predictions.read(saved_model(input_dict["ranking"]), judged, description)
        if not input_dict.get("transform_graph"):
            errors = rating_errors(predictions, mean_stars(train, description))
            write_json(os.path.join(folder, "report.json"), errors)
            return
        study = Study.read(
            files_by_split(examples),
            artifact_utils.get_single_uri(input_dict["transform_graph"]),
            json.loads(exec_properties["min_rating"] or "null"),
            json.loads(exec_properties["max_users"]),
            description,
        )
        models = {
            name: saved_model(input_dict[name])
            for name in ("retrieval", "recommender")
            if input_dict.get(name)
        }
        found, details = study.of(predictions, models, chances=bool(labelled))
        lists = {name: quality and means(name, quality) for name, quality in found.items()}
        errors = (
            chance_errors(
                predictions,
                study.catalogue,
                EventRows.read({"ranking": saved_model(input_dict["ranking"])}, judged, description),
            )
            if labelled
            else rating_errors(predictions, study.catalogue.mean_rating)
        )
        write_json(os.path.join(folder, "report.json"), errors | lists)
        write_json(os.path.join(folder, "details.json"), details)

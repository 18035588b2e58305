"""Assembles and verifies the recommender before it is moved into the artifact."""

import os
import shutil
from pathlib import Path

from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components.not_refit import WHY, is_not_refit, say_not_refit
from marquee.progress import report
from trainer.data.description import Description
from trainer.data.pairs.trained_on import TrainedOn
from trainer.export.answers import write_answers
from trainer.export.description import user_features_of, write_description
from trainer.export.recommender import assemble
from trainer.export.verify import verify_export
from trainer.training.weights import trained_folder


class Executor(base_executor.BaseExecutor):
    """Executes RecommenderAssembler."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See RecommenderAssembler."""
        model = artifact_utils.get_single_instance(output_dict["model"])
        if any(is_not_refit(each[0]) for each in input_dict.values()):
            say_not_refit(model)
            report(WHY, 1.0)
            return
        ranking, retrieval = (
            Path(path_utils.serving_model_path(artifact_utils.get_single_uri(input_dict[name])))
            for name in ("ranking", "retrieval")
        )
        path = Path(path_utils.serving_model_dir(model.uri))
        part = path.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)  # what a killed run left
        part.parent.mkdir(parents=True, exist_ok=True)
        answers = assemble(
            ranking,
            retrieval,
            part,
            candidates=exec_properties["candidates"],
            rating_weight=exec_properties["rating_weight"],
        )
        if described := exec_properties.get("description"):
            write_description(part, Description.model_validate_json(described), user_features_of(part))
        verify_export(str(part), answers)
        write_answers(str(part), answers)
        os.replace(part, path)
        records = [TrainedOn.read(trained_folder(str(model))) for model in (ranking, retrieval)]
        records[0].union(records[1]).write(trained_folder(str(path)))

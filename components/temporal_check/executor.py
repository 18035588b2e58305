"""Decides whether a check is possible, trains both models, and writes the findings."""

import json
import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf
from tfx import types
from tfx.dsl.components.base import base_executor
from tfx.types import artifact_utils

from components.described import description_of
from components.inputs import files_by_split
from components.temporal_check.findings import FILE, findings, nothing
from components.temporal_check.question import Question
from components.whole_json import write_json
from marquee.errors import MarqueeError
from marquee.progress import report
from trainer.data.rating_data import RatingData
from trainer.judging.recommender_in_memory import InMemoryRecommender
from trainer.models.base import Model
from trainer.run_fn import REPORT, task_of
from trainer.training.blended import repeated
from trainer.training.warm_start import began_warm

log = logging.getLogger(__name__)

MOST_ROWS = 2_000_000  # with `auto`: more would cost as much again as the trainings themselves


class Executor(base_executor.BaseExecutor):
    """Executes TemporalCheck."""

    def Do(self, input_dict, output_dict, exec_properties) -> None:
        """See TemporalCheck."""
        folder = artifact_utils.get_single_uri(output_dict["check"])
        try:
            found = _check(input_dict, exec_properties)
        except MarqueeError as error:  # the models are judged and pushed: this figure is not worth the run
            found = nothing(error.message)
        except (MemoryError, ValueError, tf.errors.OpError) as error:
            log.exception("the check by time was not made")
            found = nothing(f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
        write_json(os.path.join(folder, FILE), found)


def _check(input_dict, exec_properties) -> dict[str, Any]:
    examples = input_dict["examples"]
    rows, description = _rows(examples), description_of(exec_properties)
    if exec_properties["mode"] == "auto" and rows is not None and rows >= MOST_ROWS:
        what = "interactions" if description.implicit else "ratings"
        return nothing(
            f"{rows:,} {what} are more than the {MOST_ROWS:,} up to which temporal_check: auto checks; "
            "temporal_check: always checks all the same"
        )
    report("reading all data")
    question = Question.of(
        RatingData.of_everything(
            [file for files in files_by_split(examples).values() for file in files],
            description,
        ),
        json.loads(exec_properties["min_rating"] or "null"),
    )
    if isinstance(question, str):
        return nothing(question)
    trainings = {
        task: _Training.read(task, input_dict[f"{task}_run"], exec_properties)
        for task in ("ranking", "retrieval")
    }
    models = {task: training.train(question.split.before) for task, training in trainings.items()}
    recommender = InMemoryRecommender(
        **models, candidates=exec_properties["candidates"], rating_weight=exec_properties["rating_weight"]
    )
    trained = {
        task: {"kind": training.settings.model.kind, "epochs": training.epochs}
        for task, training in trainings.items()
    }
    return findings(question, recommender, trained)


@dataclass(frozen=True)
class _Training:
    """The judged settings of one task.

    Attributes:
        settings: the tuner's choice among them.
        again: the options of `train` that repeat the judged training, for as many epochs as its best one;
            for all of them where that began warm.
    """

    task: str
    settings: Any
    again: dict[str, Any]
    backup_dir: str | None
    code: str

    @classmethod
    def read(cls, task: str, run: list[types.Artifact], exec_properties) -> "_Training":
        judged = json.loads((Path(artifact_utils.get_single_uri(run)) / REPORT).read_text(encoding="utf-8"))
        settings = task_of({"task": task}).settings.checked(judged["settings"])
        kept = exec_properties.get("backup_dir")
        return cls(
            task,
            settings,
            # Few epochs are enough from a base that knows most of it; here training begins from nothing.
            repeated(judged, from_nothing=began_warm(judged)),
            os.path.join(kept, task) if kept else None,
            exec_properties["code_fingerprint"],
        )

    @property
    def epochs(self) -> int:
        return self.again["passes"]

    def train(self, data: RatingData) -> Model:
        def say(epoch: int, logs: dict[str, float]) -> None:
            report(f"{self.task} on older ratings: epoch {epoch} of {self.epochs}", epoch / self.epochs)

        return (
            task_of({"task": self.task})
            .train(
                self.settings,
                data,
                **self.again,
                backup_dir=self.backup_dir,
                identity=f"temporal check {self.code} {self.epochs}",
                on_epoch=say,
            )
            .model
        )


def _rows(examples: list[types.Artifact]) -> int | None:
    """Returns the number of ratings; None if ingest did not record it."""
    try:
        file = Path(artifact_utils.get_single_uri(examples)) / "ingest.json"
        return sum(json.loads(file.read_text(encoding="utf-8"))["rows"].values())
    except (OSError, ValueError, KeyError):
        return None

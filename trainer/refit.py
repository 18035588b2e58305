"""Refit: trains the model that is served, on all ratings, with the settings of the blessed model.

A model that is evaluated must not have been trained on held-out ratings. A model that is served should know
all ratings: otherwise it recommends items that users have already rated. So a blessing applies to the
settings: the model trained on train is kept for comparisons, and the model trained on all splits is served.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from marquee.errors import TrainingError
from marquee.progress import report
from trainer.data.description import Description
from trainer.data.features import TRAIN
from trainer.data.pairs.trained_on import TrainedOn
from trainer.data.rating_data import RatingData
from trainer.models.base import Model
from trainer.run_fn import REPORT, Task, deliver, task_of, write_report
from trainer.training.blended import repeated
from trainer.training.loop import TrainResult
from trainer.training.settings import Settings
from trainer.training.warm_start import FirstThatFits, WarmStart, began_warm, put_weights
from trainer.training.weights import Trained, trained_folder

Mode = Literal["all", "seen"]


@dataclass(frozen=True)
class Refit:
    """The inputs of a refit.

    Args:
        task: `ranking` or `retrieval`.
        mode: `all` trains on every split; `seen` keeps the judged weights and completes each user's history
            with the other splits, as far as the judged model knows the users and films.
        files: glob patterns of the example files, by split.
        judged_run: the folder of the judged training, with its `training.json`.
        judged_model: the judged SavedModel.
        transform: the artifact with the judged model's vocabularies.
        description: the description of the data.
        base_model: the SavedModel that training starts from, or None.
        backup_dir: the folder of the backup from which a killed training resumes, or None.
        code: a fingerprint of the code, so that edited code does not resume an older run.
        description: the description of the data.
    """

    task: str
    mode: Mode
    files: Mapping[str, Sequence[str]]
    judged_run: Path
    judged_model: str
    transform: str
    description: Description
    base_model: str | None = None
    backup_dir: str | None = None
    code: str = ""


@dataclass(frozen=True)
class Refitted:
    """A refit model before its export.

    Args:
        task, settings: the task and settings of the judged training.
        judged: the judged training's `training.json`.
        result: the training result with the model.
        learned: the record of the ratings that the weights were trained on.
        warm: the warm start, if there was one.
    """

    task: Task
    settings: Settings
    judged: dict[str, Any]
    result: TrainResult
    learned: TrainedOn
    warm: WarmStart | FirstThatFits | None


def refit(asked: Refit, serving_model_dir: str, model_run_dir: Path) -> None:
    """Trains, exports and verifies the model; writes `training.json` like `trainer.run_fn`, plus `refit`.

    Raises:
        TrainingError, ConfigError: the refit fails; the message is for the user.
    """
    made = refit_model(asked)
    facts = deliver(made.task, made.result, serving_model_dir, made.settings, made.learned)
    catalogue = made.result.model.catalogue
    facts["warm_start"] = {**made.warm.facts, "start": None} if made.warm else None
    facts["refit"] = {
        "mode": asked.mode,
        "splits": list(asked.files),
        "ratings": len(catalogue.watched.values),
        "users": catalogue.users - 1,
        "items": catalogue.movies - 1,
        "judged_rows": made.judged["rows"],
        "judged_epochs": made.judged["epochs"],
    }
    write_report(model_run_dir / REPORT, made.settings, made.result, facts)


def refit_model(asked: Refit) -> Refitted:
    """Trains the refit model and returns it in memory.

    The settings are those of the judged training, including the tuner's choice. The number of epochs is that
    of the judged training's best epoch, with the same learning rates. There is no early stopping, since no
    rating is held out.

    Raises:
        TrainingError, ConfigError: the training fails; the message is for the user.
    """
    judged = json.loads((asked.judged_run / REPORT).read_text(encoding="utf-8"))
    task = task_of({"task": asked.task})
    settings = task.settings.checked(judged["settings"])
    again = repeated(judged, from_nothing=False)
    if asked.mode == "seen":
        result = _with_everything_seen(asked, task, settings, again)
        learned = TrainedOn.read(trained_folder(asked.judged_model))
        return Refitted(task, settings, judged, result, learned, None)
    base = WarmStart(asked.base_model) if asked.base_model else None
    warm: WarmStart | FirstThatFits | None = base
    if began_warm(judged):
        # A warm-started training may need few epochs; so few would not suffice from random weights.
        warm = FirstThatFits([*([base] if base else []), WarmStart(asked.judged_model)])
    result, learned = _on_everything(asked, task, settings, again, warm)
    return Refitted(task, settings, judged, result, learned, warm)


def _on_everything(
    asked: Refit,
    task: Task,
    settings: Settings,
    again: dict[str, Any],
    warm: WarmStart | FirstThatFits | None,
) -> tuple[TrainResult, TrainedOn]:
    if "max_epoch_minutes" in type(settings).model_fields:  # the judged training passed this check
        settings = settings.model_copy(update={"max_epoch_minutes": None})
    data = RatingData.of_everything(
        [each for split in asked.files.values() for each in split], asked.description
    )
    epochs = again["passes"]
    identity = f"refit {asked.code} {epochs} {warm.identity if warm else 'cold'}"

    def say(epoch: int, logs: dict[str, float]) -> None:
        report(f"epoch {epoch} of {epochs}, on all {len(data.train):,} ratings", epoch / epochs)

    result = task.train(
        settings,
        data,
        **again,
        initial=warm,
        backup_dir=asked.backup_dir,
        identity=identity,
        on_epoch=say,
    )
    learned = TrainedOn.of_ratings(data.train, data.catalogue.vocabularies)
    return result, warm.add_to(learned) if warm else learned


def _with_everything_seen(asked: Refit, task: Task, settings: Settings, again: dict[str, Any]) -> TrainResult:
    others = [each for split, files in asked.files.items() if split != TRAIN for each in files]
    train, whole = RatingData.with_everything_seen(
        asked.files[TRAIN], others, asked.transform, asked.description
    )
    judged = Trained.read(trained_folder(asked.judged_model))
    solved: Model | None = None
    if not getattr(settings.model, "saves_weights", True):  # retrieval models alone may save none
        # Some solutions do not depend on a start, and are not saved: solve them on train again.
        solved = task.train(settings, train, **again).model

    def take_over(model: Model) -> None:
        if solved is not None:
            _copy(solved, model)
        if judged.weights:
            put_weights(judged, model)

    return task.train(settings, whole, **{**again, "passes": 0}, initial=take_over)


def _copy(source: Model, target: Model) -> None:
    if [each.shape for each in source.weights] != [each.shape for each in target.weights]:
        raise TrainingError("The judged model's weights do not fit the model with everything seen.")
    for variable, value in zip(target.weights, source.weights, strict=True):
        variable.assign(value)

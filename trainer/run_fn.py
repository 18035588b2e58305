"""The `run_fn` that TFX's Trainer calls: trains, exports and verifies a model."""

import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")  # before TensorFlow: Keras 3

from marquee.errors import ConfigError
from marquee.progress import report
from marquee.whole_file import write_whole
from trainer.data.description import Description, Scale
from trainer.data.feature_options import check_features
from trainer.data.learnable import check_learnable
from trainer.data.pairs.trained_on import TrainedOn, rating_pairs
from trainer.data.rating_data import RatingData
from trainer.export.answers import Answer, write_answers
from trainer.export.cold.items import cold_items
from trainer.export.described import Described
from trainer.export.projector import write_projector
from trainer.export.ranking import export_ranking
from trainer.export.retrieval import export_retrieval
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.models.ranking.model import RankingModel
from trainer.models.retrieval.model import RetrievalModel
from trainer.training.epoch_log import LOGS, TRAIN
from trainer.training.loop import TrainResult
from trainer.training.ranking import RankingSettings, train_ranking
from trainer.training.retrieval import RetrievalSettings, train_retrieval
from trainer.training.settings import Settings
from trainer.training.warm_start import WarmStart, trained_folder
from trainer.training.weights import Trained

log = logging.getLogger(__name__)


def run_fn(fn_args) -> None:
    """Trains on `train_files` with early stopping on `eval_files`, and exports to `serving_model_dir`.

    Of `fn_args` (tfx.components.FnArgs) it also reads `transform_graph_path`, `model_run_dir` (for
    `training.json` and TensorBoard's `logs/`, the films' vectors of a retrieval model among them),
    `hyperparameters` (KerasTuner's config: its values override settings by dotted path,
    `train.learning_rate`), `base_model` (the SavedModel to start from, or None: see
    `trainer.training.warm_start`), and `custom_config`:
        task: `ranking` (unless it is named) or `retrieval`.
        model, train, and whatever else the task's settings hold.
        description: a `trainer.data.description.Description` as plain data.
        served: whether the model is served itself (unless it is named), and not only judged: only then does
            it have cold items.
        backup_dir: the folder of the backup from which a killed run resumes, or None.
        code_fingerprint: a fingerprint of the code, so that edited code does not resume an older run.

    The weights, the record of the ratings that they were trained on (`trainer.data.pairs.trained_on`) and the
    description of the data (`trainer.export.described`) are written to `trained/` beside
    `serving_model_dir`, for a later run's warm start and for comparisons.

    Raises:
        TrainingError, ConfigError, DataError: the training fails; the message is for the user.
    """
    custom = fn_args.custom_config or {}
    task = task_of(custom)
    settings = task.settings.of(custom, fn_args.hyperparameters)
    description = Description.checked(custom["description"])
    check_features(settings.model, description)
    data = RatingData.read(fn_args.train_files, fn_args.eval_files, fn_args.transform_graph_path, description)
    check_learnable(data, custom.get("task", "ranking"))
    given, settings = settings, settings.for_data(description, len(data.catalogue.stars))
    run_dir = Path(fn_args.model_run_dir)
    learned, warm = TrainedOn.of_ratings(data.train, data.catalogue.vocabularies), None
    if fn_args.base_model:
        # Ratings that repeat a pair of train are in train anyway, so they do not count against a base.
        held_out = rating_pairs(fn_args.eval_files, description)
        warm = WarmStart(fn_args.base_model, learned.unlearned(held_out))

    def say(epoch: int, logs: dict[str, float]) -> None:
        epochs, name = settings.train.epochs, settings.monitor
        report(
            f"epoch {epoch} of {epochs}, {name.removeprefix('val_')} on eval {logs[name]:.4f}", epoch / epochs
        )

    result = task.train(
        settings,
        data,
        initial=warm,
        log_dir=str(run_dir / LOGS),
        backup_dir=custom.get("backup_dir"),
        identity=f"{custom.get('code_fingerprint', '')} {warm.identity if warm else 'cold'}",
        on_epoch=say,
    )
    learned = warm.add_to(learned) if warm else learned
    # Items that only eval or test touch are cold for a model that is judged: in its lists they would take the
    # place of others and never count as found. A model that is served knows every item that was touched.
    exported = settings if custom.get("served", True) else settings.model_copy(update={"cold_items": False})
    facts = deliver(task, result, fn_args.serving_model_dir, exported, learned)
    if isinstance(result.model, RetrievalModel):
        write_projector(result.model, run_dir / LOGS / TRAIN)
    facts["notes"] = changed_head(given, settings, data)
    facts["warm_start"] = {**warm.facts, "start": result.start} if warm else None
    write_report(run_dir / REPORT, settings, result, facts)


def changed_head(given: Settings, settings: Settings, data: RatingData) -> list[str]:
    """Returns a sentence about a head that the data do not allow, if the configuration names one."""
    before, after = (getattr(each.model, "head", None) for each in (given, settings))
    if before == after or data.catalogue.description.implicit:
        return []
    note = (
        f"ranking.model.head is {before}, which learns a threshold between two neighbouring ratings, and the "
        f"scale has more than {Scale.MOST_LEVELS} of them: trained with {after}"
    )
    log.warning("%s.", note)
    return [note]


@dataclass(frozen=True)
class Task:
    """The functions that differ between the tasks.

    Attributes:
        settings: a function from `custom_config` to the task's settings.
        train: a function from settings and data to the training result.
        export: a function that writes the SavedModel, and returns the trained model's answers and facts for
            the report.
    """

    settings: type[Settings]
    train: Callable[..., TrainResult]
    export: Callable[..., tuple[Sequence[Answer], dict[str, Any]]]


def task_of(custom: dict[str, Any]) -> Task:
    """Returns the task that `custom_config` names.

    Raises:
        ConfigError: there is no task of that name.
    """
    name = custom.get("task", "ranking")
    if name not in TASKS:
        raise ConfigError(f"task = {name!r}: there is no such task.", f"Tasks: {', '.join(TASKS)}.")
    return TASKS[name]


def deliver(
    task: "Task", result: TrainResult, path: str, settings: Settings, learned: TrainedOn
) -> dict[str, Any]:
    """Writes and verifies the SavedModel; writes weights, record of ratings and description beside it.

    Returns:
        The facts for the report.
    """
    answers, facts = task.export(result.model, path, settings)
    difference = verify_export(path, answers)
    write_answers(path, answers)
    Trained.of(result.model).write(trained_folder(path))
    learned.write(trained_folder(path))
    Described.of(result.model.catalogue).write(trained_folder(path))
    return facts | {"export_difference": difference}


def _export_ranking(model: RankingModel, path: str, settings: RankingSettings):
    cold = cold_items(model.catalogue) if settings.cold_items else None
    export_ranking(model, path, cold)
    return trained_answers(model, cold=cold), {"cold_items": len(cold) if cold else 0}


def _export_retrieval(model: RetrievalModel, path: str, settings: RetrievalSettings):
    cold = cold_items(model.catalogue) if settings.cold_items else None
    answers, index = export_retrieval(model, path, settings.index, cold)
    return answers, {"index": asdict(index), "cold_items": len(cold) if cold else 0}


TASKS = {
    "ranking": Task(RankingSettings, train_ranking, _export_ranking),
    "retrieval": Task(RetrievalSettings, train_retrieval, _export_retrieval),
}


REPORT = "training.json"  # the file in a model_run with the results of the training


def write_report(path: Path, settings: Settings, result: TrainResult, facts: dict[str, Any]) -> None:
    """Writes `training.json`, which the summary and the lineage read."""
    facts = {
        "settings": settings.model_dump(mode="json"),
        "device": result.device,
        "rows": result.data.rows,
        "in_memory": result.data.in_memory,
        "steps_per_epoch": result.data.steps,
        "rows_per_second": round(result.rows_per_second),
        "epochs": result.epochs,
        "epochs_resumed": result.resumed,
        "best_epoch": result.best_epoch,
        "history": result.history,
        "blend": asdict(result.blend) if result.blend else None,
        **facts,
    }
    write_whole(path, json.dumps(facts, indent=2) + "\n")

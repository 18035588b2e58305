"""What a run came to: read from its artifacts, kept as JSON, printed short."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.blessing import verdict
from pipeline.config import RunConfig
from pipeline.lineage import Lineage, Run
from pipeline.workspace import Workspace
from serving.placement import placement
from serving.versions import list_versions
from trainer.features import MOVIE_TITLE, USER_ID


@dataclass(frozen=True)
class Summary:
    """The outcome of a run.

    Args:
        run_id: the run.
        splits: rows a split.
        drift: what drifted from the previous run: dicts of split, feature, what.
        tuner: `trials` (a row each, best first) and `best` (dotted path to value); None without tuning.
        training: what the trainer wrote: epochs, best epoch, rows per second, device.
        test: metrics on `test`, and those of always saying the mean.
        blessed: whether both blessings were given.
        reasons: why, in sentences.
        evaluation: metrics on `eval`.
        pushed: where the model is now: its folder where it is in front, a sentence where it is not, or None.
        example: a user and a title to ask a server about; None while nothing is served.
    """

    run_id: str
    splits: dict[str, int]
    drift: list[dict[str, str]]
    tuner: dict[str, Any] | None
    training: dict[str, Any]
    test: dict[str, Any]
    blessed: bool
    reasons: list[str]
    evaluation: dict[str, float]
    pushed: str | None
    example: tuple[str, str] | None

    def write(self, file: Path) -> None:
        """Writes JSON, atomically."""
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")
        os.replace(partial, file)


def summarize(workspace: Workspace, config: RunConfig, run_id: str) -> Summary:
    """Reads what the run's nodes wrote."""
    run = Lineage(workspace.metadata_db).run(run_id)
    validation = _json(run, "ServingValidator", "blessing", "validation.json")
    outcome = verdict(run.output("RankingEvaluator", "evaluation").path, config.ranking.bless)
    tuned = None
    if run.output("RankingTuner", "tuner_results"):
        best = _json(run, "RankingTuner", "best_hyperparameters", "best_hyperparameters.txt")["values"]
        tuned = {
            "trials": _json(run, "RankingTuner", "tuner_results", "trials.json"),
            "best": {key: value for key, value in best.items() if not key.startswith("tuner/")},
        }
    training = _json(run, "RankingTrainer", "model_run", "training.json")
    return Summary(
        run_id=run_id,
        splits=_json(run, "MovieLensExampleGen", "examples", "ingest.json")["rows"],
        drift=_json(run, "ExampleValidator", "anomalies", "findings.json")["drift"],
        tuner=tuned,
        training=training,
        test=_json(run, "RunReport", "report", "report.json"),
        blessed=outcome.blessed and not validation["problems"],
        reasons=[*outcome.reasons, *_serving_reasons(validation)],
        evaluation=outcome.metrics,
        pushed=_pushed(run, workspace),
        example=_example(run) if list_versions(workspace.serving_models, "ranking") else None,
    )


def _pushed(run: Run, workspace: Workspace) -> str | None:
    """Looked up on disk: what a cached push once wrote may have been replaced or rolled back since."""
    model = run.output("RankingTrainer", "model").path / "Format-Serving"
    place = placement(model, workspace.serving_models, "ranking")
    if place.in_front:
        return str((workspace.serving_models / "ranking" / str(place.version)).resolve())
    if place.withdrawn:
        return f"version {place.withdrawn} was rolled back, and stays so"
    return f"version {place.version}, but a later one is in front" if place.version else None


def _example(run: Run) -> tuple[str, str]:
    """The user and the title with the most ratings in train: vocabularies are by falling frequency."""
    assets = run.output("Transform", "transform_graph").path / "transform_fn" / "assets"
    user, title = (
        (assets / name).read_text(encoding="utf-8").split("\n", 1)[0] for name in (USER_ID, MOVIE_TITLE)
    )
    return user, title


def _serving_reasons(validation: dict[str, Any]) -> list[str]:
    if validation["problems"]:
        return [f"serving: {problem}" for problem in validation["problems"]]
    return [
        f"served as trained: {validation['requests']} requests over REST and gRPC, "
        f"largest difference {validation['largest_difference']:.1g}"
    ]


def _json(run: Run, node: str, key: str, file: str) -> Any:
    return json.loads((run.output(node, key).path / file).read_text(encoding="utf-8"))

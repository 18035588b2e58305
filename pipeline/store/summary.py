"""Summary of a run's results, read from its artifacts, stored as JSON and printed at the end."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from marquee.errors import MarqueeError
from marquee.whole_file import write_whole
from pipeline.config.schema import RunConfig
from pipeline.store import node_files
from pipeline.store.data_words import data_words
from pipeline.store.metadata.lineage import Lineage, Run
from pipeline.store.next_span import next_span
from pipeline.store.node_files import NodeFile, json_file, output
from pipeline.store.origin import pushes
from pipeline.store.pushed import Pushed, models_at, pushed
from pipeline.store.served import whose_numbers
from pipeline.store.workspace import Workspace
from serving.data_words import DataWords
from serving.versions.versions import list_versions
from trainer.data.features import USER_ID

FILE = "summary.json"


@dataclass(frozen=True)
class JudgedSummary:
    """Verdict on one model by its evaluator; for the recommender this is all there is to say.

    Args:
        blessed: whether its evaluator blessed it.
        reasons: reasons for that, in sentences.
        evaluation: metrics on `eval`.
        missed: those of `reasons` that stand against it.
        not_compared: those of `reasons` whose baseline could not be compared.
    """

    blessed: bool
    reasons: list[str]
    evaluation: dict[str, float | None]
    missed: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class ModelSummary(JudgedSummary):
    """Results of one task's model.

    Args:
        tuner: `trials` (one per row, best first) and `best` (dotted path to value); None without tuning.
        training: results of the trainer: epochs, best epoch, rows per second, device.
    """

    tuner: dict[str, Any] | None
    training: dict[str, Any]


@dataclass(frozen=True)
class Summary:
    """Results of a run.

    Args:
        run_id: id of the run.
        splits: number of rows per split.
        notes: remarks on how the data was read and on oddities in it, in sentences.
        drift: drift from the previous run: dicts of split, feature, what.
        skew: differences of eval from train, in the same form.
        spans: number of rows by span number, for data that comes in spans; None for other data.
        reused: whether every node came from the cache.
        serving_skew: findings of the ServingSkew node (`findings.json`); None without prediction logs.
        ranking, retrieval: results of the two models.
        test: metrics on `test`, and those of predicting the mean and of the most popular items; empty if the
            run failed before its report.
        blessed: whether every blessing was given.
        reasons: reasons for that, in sentences.
        missed: those of `reasons` that stand against the models.
        not_compared: those of `reasons` whose baseline could not be compared.
        pushed: folders of the version that this run pushed; None if it pushed none.
        example: a user to request recommendations for; None while nothing is served.
        push: outcome of the push: see `pipeline.store.pushed.Pushed`.
        measured: sentence on which model the metrics belong to, if one was refit for serving; else "".
        recommender: results of the two models together.
        next_span: results of TemporalCheck (`temporal.json`); None if it did not run.
        words: words for the data.
    """

    run_id: str
    splits: dict[str, int]
    notes: list[str]
    drift: list[dict[str, str]]
    skew: list[dict[str, str]]
    spans: dict[str, int] | None
    reused: bool
    serving_skew: dict[str, Any] | None
    ranking: ModelSummary
    retrieval: ModelSummary
    test: dict[str, Any]
    blessed: bool
    reasons: list[str]
    pushed: str | None
    example: str | None
    push: dict[str, Any] | None = None
    measured: str = ""
    recommender: JudgedSummary | None = None
    next_span: dict[str, Any] | None = None
    missed: list[str] = field(default_factory=list)
    not_compared: list[str] = field(default_factory=list)
    words: DataWords = field(default_factory=DataWords)

    def write(self, workspace: Workspace) -> None:
        """Writes `reports/<run>/summary.json`, atomically."""
        write_whole(workspace.reports / self.run_id / FILE, json.dumps(asdict(self), indent=1))


def read_summary(workspace: Workspace, run_id: str) -> dict[str, Any] | None:
    """Reads what `Summary.write` wrote; returns None for a run without a summary."""
    found: dict[str, Any] | None = json_file(workspace.reports / run_id / FILE)
    return found


def summarize(workspace: Workspace, config: RunConfig, run_id: str) -> Summary:
    """Builds the summary from the files that the run's nodes wrote."""
    lineage = Lineage(workspace.metadata_db)
    run = lineage.run(run_id)
    assert run is not None  # its nodes have run
    push = pushed(run, pushes(lineage))
    ranking, retrieval, recommender = _ranking(run), _retrieval(run), _recommender(run)
    judged: dict[str, JudgedSummary]
    judged = {"ranking": ranking, "retrieval": retrieval, "recommender": recommender}
    validation = _read(run, node_files.VALIDATION)
    served = list_versions(workspace.serving_models, "recommender")
    ingest = _read(run, node_files.INGEST)
    findings = _read(run, node_files.FINDINGS)
    return Summary(
        run_id=run_id,
        splits=ingest["rows"],
        notes=ingest.get("notes", []),
        drift=findings["drift"],
        skew=findings["skew"],
        serving_skew=_serving_skew(run, config),
        spans=ingest.get("spans"),
        reused=all(node.state == "cached" for node in run.nodes.values()),
        ranking=ranking,
        retrieval=retrieval,
        test=node_files.TEST.read(run.nodes) or {},
        blessed=all(each.blessed for each in judged.values()) and not validation["problems"],
        reasons=[*_of_all(judged, "reasons"), *_serving_reasons(validation)],
        missed=[
            *_of_all(judged, "missed"),
            *(_serving_reasons(validation) if validation["problems"] else ()),
        ],
        not_compared=_of_all(judged, "not_compared"),
        pushed=_folders(push, workspace),
        push=asdict(push) if push else None,
        measured=whose_numbers(run.nodes),
        example=_example(run) if served else None,
        recommender=recommender,
        next_span=next_span(run.nodes),
        words=data_words(run.nodes),
    )


def _of_all(judged: Mapping[str, JudgedSummary], which: str) -> list[str]:
    """Returns the sentences about all models, each prefixed with the model's name."""
    return [f"{name}: {sentence}" for name, each in judged.items() for sentence in getattr(each, which)]


def _serving_skew(run: Run, config: RunConfig) -> dict[str, Any] | None:
    if config.serving_skew.logs is None:
        return None
    found: dict[str, Any] = _read(run, node_files.SERVING_SKEW)
    return found


def _ranking(run: Run) -> ModelSummary:
    found = _read(run, node_files.RANKING_VERDICTS)
    return ModelSummary(**_training(run, "ranking"), **_verdict(found), evaluation=found["candidate"])


def _retrieval(run: Run) -> ModelSummary:
    found = _read(run, node_files.RETRIEVAL_METRICS)
    measured = {**found["candidate"], **found["search"]}
    return ModelSummary(**_training(run, "retrieval"), **_verdict(found), evaluation=measured)


def _recommender(run: Run) -> JudgedSummary:
    found = _read(run, node_files.RECOMMENDER_METRICS)
    return JudgedSummary(**_verdict(found), evaluation=found["candidate"])


def _verdict(found: dict[str, Any]) -> dict[str, Any]:
    """Returns an evaluator's `blessed` and `reasons`, and of these `missed` and `not_compared`."""
    bars = found["bars"]
    return {
        "blessed": found["blessed"],
        "reasons": found["reasons"],
        # Without any bar nothing is blessed, and that is the only reason.
        "missed": [bar["sentence"] for bar in bars if not bar["passed"]] if bars else found["reasons"],
        "not_compared": [bar["sentence"] for bar in bars if not bar.get("compared", True)],
    }


def _training(run: Run, task: str) -> dict[str, Any]:
    """Returns `tuner` and `training` of a ModelSummary."""
    tuned = None
    if trials := node_files.trials(task).read(run.nodes):
        best = _read(run, node_files.best_trial(task))["values"]
        tuned = {
            "trials": trials,
            "best": {key: value for key, value in best.items() if not key.startswith("tuner/")},
        }
    return {"tuner": tuned, "training": _read(run, node_files.training(task))}


def _folders(push: Pushed | None, workspace: Workspace) -> str | None:
    if push is None or push.outcome != "pushed":
        return None
    return models_at(workspace.serving_models.resolve(), push.version)


def _example(run: Run) -> str:
    """Returns the user with the most ratings in train: vocabularies are sorted by descending frequency."""
    graph = output(run.nodes, "Transform", "transform_graph")
    assert graph is not None  # models are served, and they are made with it
    return (graph.path / "transform_fn" / "assets" / USER_ID).read_text(encoding="utf-8").split("\n", 1)[0]


def _serving_reasons(validation: dict[str, Any]) -> list[str]:
    if validation.get("nothing"):
        return []
    if validation["problems"]:
        return [f"serving: {problem}" for problem in validation["problems"]]
    return [
        f"served as trained: {validation['requests']} requests over REST and gRPC, "
        f"largest difference {validation['largest_difference']:.1g}"
    ]


def _read(run: Run, file: NodeFile) -> Any:
    """Returns the content of a file of a node that has run; raises MarqueeError if it cannot be read."""
    found = file.read(run.nodes)
    if found is None:
        raise MarqueeError(
            f"{file.name}, which {file.node} wrote in run {run.run_id}, cannot be read",
            "Run again; if it stays so, move the workspace's artifacts of this node away.",
        )
    return found

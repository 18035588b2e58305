"""Results of nodes (data, models, judgements) of a run, or of the nodes that made a model.

A result is None, or left out, if its node has not run, failed, or its artifact is gone, so that the results
of an incomplete run can be shown too.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.store import node_files
from pipeline.store.metadata.lineage import Artifact, Node
from pipeline.store.node_files import Nodes, output, read_json
from pipeline.store.ranking_metrics import ranking_metrics

TASKS = ("ranking", "retrieval")
#: Metrics on `eval` that are shown; the others are in the evaluators' artifacts.
SHOWN = (
    "rmse",
    "mae",
    "log_loss",
    "auc",
    "calibration",
    "rated_ndcg@10",
    "ndcg@10",
    "recall@10",
    "recall@100",
    "under_mean@10",
    "coverage@10",
    "index_recall@100",
)


def shown(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the metrics that are shown, in the order of SHOWN, and then those of types of events.

    Examples:
        >>> shown({"auc_of_buy": 0.7, "auc": 0.8, "example_count": 9})
        {'auc': 0.8, 'auc_of_buy': 0.7}
    """
    of_events = (name for name in metrics if name.split("_of_")[0] in ("log_loss", "auc") and "_of_" in name)
    return {name: metrics[name] for name in (*SHOWN, *of_events) if name in metrics}


#: Hyper-parameters that users change, of a model's forty.
_FIRST = (
    "model.kind", "model.dim", "model.hidden", "model.loss", "train.epochs", "train.batch_size",
    "train.learning_rate", "tune.strategy", "tune.trials",
)  # fmt: skip


@dataclass(frozen=True)
class Data:
    """The ratings that a run read.

    Args:
        dataset, origin, fingerprint: name of the data set, its source, and a hash of the ratings.
        split: configuration of the split.
        rows: number of rows by split.
        made_in: run that read the ratings.
    """

    dataset: str
    origin: str
    fingerprint: str
    split: dict[str, Any]
    rows: dict[str, int]
    made_in: str


@dataclass(frozen=True)
class Model:
    """A trained model.

    Args:
        task: `ranking` or `retrieval`.
        kind: kind of model, such as `mf`.
        settings: hyper-parameters that it was trained with, by dotted path.
        tuned: those of `settings` that the tuner chose.
        trials: number of trials of the tuner.
        training: epochs, best_epoch, device, rows_per_second.
        metrics: metrics on `eval`, by name.
        blessed: whether it was blessed; None if it has not been judged.
        reasons: reasons for that, in sentences, if the evaluator writes them.
        model: artifact of the model.
        warm_start: run whose model its training started from; empty for none.
        compared_with: run whose model was the baseline; empty for none.
    """

    task: str
    kind: str
    settings: dict[str, Any]
    tuned: dict[str, Any]
    trials: int
    training: dict[str, Any]
    metrics: dict[str, float]
    blessed: bool | None
    reasons: list[str] = field(default_factory=list)
    model: Artifact | None = None
    warm_start: str = ""
    compared_with: str = ""


@dataclass(frozen=True)
class Judgement:
    """Judgement of the recommender, that is of the two models together.

    Args:
        metrics: metrics of its lists on `eval`, by name.
        blessed: whether the models may be pushed.
        reasons: reasons for that, in sentences.
        compared_with: run whose recommender was the baseline; empty for none.
    """

    metrics: dict[str, float]
    blessed: bool
    reasons: list[str]
    compared_with: str = ""


def data(nodes: Nodes) -> Data | None:
    """Returns the data that MovieLensExampleGen read."""
    examples = output(nodes, "MovieLensExampleGen", "examples")
    if examples is None:
        return None
    known = examples.properties
    return Data(
        dataset=str(known.get("dataset", "")),
        origin=str(known.get("origin", "")),
        fingerprint=str(nodes["MovieLensExampleGen"].parameters.get("fingerprint", "")),
        split=parsed(known.get("split", "{}")),
        rows={
            name: int(known[f"rows_{name}"]) for name in ("train", "eval", "test") if f"rows_{name}" in known
        },
        made_in=examples.made_in,
    )


def model(nodes: Nodes, task: str) -> Model | None:
    """Returns the model of a task; None if its training was not completed."""
    name = task.capitalize()
    trained = output(nodes, f"{name}Trainer", "model")
    if trained is None:
        return None
    node = nodes[f"{name}Trainer"]
    said = node_files.training(task).read(nodes) or {}
    best = read_json(node.taken.get("hyperparameters"), "best_hyperparameters.txt") or {}
    trials = node_files.trials(task).read(nodes) or []
    settings = flat(said.get("settings") or _configured(node))
    blessing = output(nodes, f"{name}Evaluator", "blessing")
    evaluator, base = nodes.get(f"{name}Evaluator"), node.taken.get("base_model")
    baseline = evaluator.taken.get("baseline_model") if evaluator else None
    return Model(
        task=task,
        kind=str(settings.get("model.kind", "")),
        settings=settings,
        tuned={key: value for key, value in best.get("values", {}).items() if not key.startswith("tuner/")},
        trials=len(trials),
        training={key: said[key] for key in _TRAINING if key in said},
        metrics=metrics(nodes, task),
        blessed=None if blessing is None else blessing.properties.get("blessed") == 1,
        reasons=(node_files.evaluation(task).read(nodes) or {}).get("reasons", []),
        model=trained,
        warm_start=base.made_in if base else "",
        compared_with=baseline.made_in if baseline else "",
    )


_TRAINING = ("epochs", "best_epoch", "epochs_resumed", "device", "rows", "rows_per_second")


def metrics(nodes: Nodes, task: str) -> dict[str, float]:
    """Returns a task's metrics on `eval` by name; empty if there are none."""
    if task == "retrieval":
        found = node_files.RETRIEVAL_METRICS.read(nodes) or {}
        return {**found.get("candidate", {}), **found.get("search", {})}
    found = ranking_metrics(node_files.RANKING_SLICES.read(nodes)).get("candidate", {})
    return {name: value for name, value in found.items() if value is not None}


def recommender(nodes: Nodes) -> Judgement | None:
    """Returns the judgement of RecommenderEvaluator; None if it has not judged."""
    node = nodes.get("RecommenderEvaluator")
    blessing = output(nodes, "RecommenderEvaluator", "blessing")
    if node is None or blessing is None:
        return None
    found = node_files.RECOMMENDER_METRICS.read(nodes) or {}
    baseline = node.taken.get("baseline_model")
    return Judgement(
        metrics={name: value for name, value in found.get("candidate", {}).items() if value is not None},
        blessed=blessing.properties.get("blessed") == 1,
        reasons=found.get("reasons", []),
        compared_with=baseline.made_in if baseline else "",
    )


def standard_error(before: Nodes, after: Nodes, task: str, measure: str) -> float | None:
    """Returns the standard error of a metric's difference, if `after` was evaluated against `before`."""
    evaluator, theirs = after.get(f"{task.capitalize()}Evaluator"), before.get(f"{task.capitalize()}Trainer")
    baseline = evaluator.taken.get("baseline_model") if evaluator else None
    model = theirs.outputs.get("model") if theirs else None
    if baseline is None or model is None or baseline.id != model.id:
        return None
    said = node_files.evaluation(task).read(after) or {}
    changes = (said.get("change") or {}).get("baseline") or {}
    error: float | None = changes.get(measure, {}).get("standard_error")
    return error


def test(nodes: Nodes) -> dict[str, Any] | None:
    """Returns the metrics that RunReport measured on `test`, by model."""
    found: dict[str, Any] | None = node_files.TEST.read(nodes)
    return found


def fingerprints(nodes: Nodes) -> dict[str, str]:
    """Returns the fingerprint of each node's code, for nodes that have one."""
    found = {}
    for name, node in nodes.items():
        config = parsed(node.parameters.get("custom_config", "{}"))
        code = node.parameters.get("code_fingerprint") or config.get("code_fingerprint") or config.get("code")
        if code:
            found[name] = str(code)
    return found


#: Parameters that hold locations, code fingerprints, or what is reported elsewhere.
_NO_SETTINGS = (
    "code_fingerprint", "fingerprint", "origin", "input_base", "backup_dir", "cache_key", "serving_models",
    "run_fn", "tuner_fn", "preprocessing_fn", "train_args", "eval_args", "splits_config",
    "description", "eval_config", "force_tf_compat_v1", "disable_statistics", "fairness_indicator_thresholds",
)  # fmt: skip
_NO_CUSTOM = ("code_fingerprint", "code", "component", "backup_dir", "trials_dir", "task", "description")


def settings(node: Node) -> dict[str, Any]:
    """Returns the parameters that change what a node computes, by dotted path."""
    found: dict[str, Any] = {}
    for name, value in node.parameters.items():
        if name in _NO_SETTINGS:
            continue
        value = parsed(value)
        if name == "custom_config":
            found |= flat({key: each for key, each in value.items() if key not in _NO_CUSTOM})
        elif name == "config":
            found |= flat(value)
        else:
            found |= flat({name: value})
    return {name: value for name, value in found.items() if value is not None}


def main_settings(found: dict[str, Any]) -> dict[str, Any]:
    """Returns those of `settings` that fit a line: of a model's, those that users change."""
    if "model.kind" not in found:
        return found
    return {name: found[name] for name in _FIRST if found.get(name) not in (None, [])}


def flat(tree: Any, prefix: str = "") -> dict[str, Any]:
    """Flattens nested dicts to dotted paths; lists are values."""
    if not isinstance(tree, dict):
        return {prefix.removesuffix("."): tree}
    found: dict[str, Any] = {}
    for name, value in tree.items():
        found |= flat(value, f"{prefix}{name}.")
    return found


def parsed(value: Any) -> Any:
    """Parses a parameter that holds JSON; returns anything else unchanged."""
    if not isinstance(value, str) or value[:1] not in "{[n":
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _configured(node: Node) -> dict[str, Any]:
    config = parsed(node.parameters.get("custom_config", "{}"))
    return {key: config[key] for key in ("train", "model", "stop_on", "index") if key in config}

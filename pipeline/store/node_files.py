"""Files that nodes write into their outputs: the one place that knows node, output and name.

A file is None where its node did not run, failed, or left it half written: a run that stopped half way can be
looked at as well.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from pipeline.store.metadata.lineage import Artifact, Node

Nodes: TypeAlias = Mapping[str, Node]


@dataclass(frozen=True)
class NodeFile:
    """A JSON file in an output of a node.

    Attributes:
        node: the node's name.
        key: the output's.
        name: the file's.
    """

    node: str
    key: str
    name: str

    def read(self, nodes: Nodes) -> Any:
        """What the file holds; None where there is none.

        Args:
            nodes: of a run, or of what made a model, by name.
        """
        return read_json(output(nodes, self.node, self.key), self.name)


INGEST = NodeFile("MovieLensExampleGen", "examples", "ingest.json")
FINDINGS = NodeFile("ExampleValidator", "anomalies", "findings.json")
SERVING_SKEW = NodeFile("ServingSkew", "anomalies", "findings.json")
RANKING_VERDICTS = NodeFile("RankingEvaluator", "evaluation", "verdicts.json")
RANKING_SLICES = NodeFile("RankingEvaluator", "evaluation", "slices.json")
RETRIEVAL_METRICS = NodeFile("RetrievalEvaluator", "evaluation", "metrics.json")
RETRIEVAL_PLOTS = NodeFile("RetrievalEvaluator", "evaluation", "plots.json")
RECOMMENDER_METRICS = NodeFile("RecommenderEvaluator", "evaluation", "metrics.json")
VALIDATION = NodeFile("ServingValidator", "blessing", "validation.json")
TEST = NodeFile("RunReport", "report", "report.json")
DETAILS = NodeFile("RunReport", "report", "details.json")
TEMPORAL_CHECK = NodeFile("TemporalCheck", "check", "temporal.json")


def training(task: str) -> NodeFile:
    """How the model of a task was trained: settings, epochs, history, speed."""
    return NodeFile(f"{task.capitalize()}Trainer", "model_run", "training.json")


def refit_training(task: str) -> NodeFile:
    """How the model of a task was trained once more for serving."""
    return NodeFile(f"{task.capitalize()}Refit", "model_run", "training.json")


def trials(task: str) -> NodeFile:
    """The tuner's trials, best first."""
    return NodeFile(f"{task.capitalize()}Tuner", "tuner_results", "trials.json")


def best_trial(task: str) -> NodeFile:
    """What the tuner chose: `values` by dotted path."""
    return NodeFile(f"{task.capitalize()}Tuner", "best_hyperparameters", "best_hyperparameters.txt")


def evaluation(task: str) -> NodeFile:
    """The verdicts of a task's own evaluator: `blessed`, `reasons`, `candidate`, `change`."""
    return {
        "ranking": RANKING_VERDICTS,
        "retrieval": RETRIEVAL_METRICS,
        "recommender": RECOMMENDER_METRICS,
    }[task]


def output(nodes: Nodes, node: str, key: str) -> Artifact | None:
    """An output of a node; None where the node has not made it."""
    return nodes[node].outputs.get(key) if node in nodes else None


def read_json(artifact: Artifact | None, name: str) -> Any:
    """A JSON file of an artifact; None where there is none."""
    return None if artifact is None else json_file(artifact.path / name)


def json_file(file: Path) -> Any:
    """What a JSON file holds; None where it is not there, or was not written to its end."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

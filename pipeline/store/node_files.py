"""Files that nodes write into their outputs: the only place that defines node, output and file name.

A file reads as None if its node did not run, failed, or left it half written, so that the results of an
incomplete run can be shown too.
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
        node: name of the node.
        key: key of the output.
        name: name of the file.
    """

    node: str
    key: str
    name: str

    def read(self, nodes: Nodes) -> Any:
        """Returns the content of the file; None if there is none.

        Args:
            nodes: nodes of a run, or nodes that made a model, by name.
        """
        return read_json(output(nodes, self.node, self.key), self.name)


INGEST = NodeFile("MovieLensExampleGen", "examples", "ingest.json")
SAMPLE = NodeFile("StatisticsGen", "statistics", "sample.json")
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
    """Returns the file on the training of a task's model: settings, epochs, history, speed."""
    return NodeFile(f"{task.capitalize()}Trainer", "model_run", "training.json")


def refit_training(task: str) -> NodeFile:
    """Returns the file on the refit of a task's model for serving."""
    return NodeFile(f"{task.capitalize()}Refit", "model_run", "training.json")


def trials(task: str) -> NodeFile:
    """Returns the file of the tuner's trials, best first."""
    return NodeFile(f"{task.capitalize()}Tuner", "tuner_results", "trials.json")


def best_trial(task: str) -> NodeFile:
    """Returns the file of the tuner's choice: `values` by dotted path."""
    return NodeFile(f"{task.capitalize()}Tuner", "best_hyperparameters", "best_hyperparameters.txt")


def evaluation(task: str) -> NodeFile:
    """Returns the file of the task's evaluator: `blessed`, `reasons`, `candidate`, `change`."""
    return {
        "ranking": RANKING_VERDICTS,
        "retrieval": RETRIEVAL_METRICS,
        "recommender": RECOMMENDER_METRICS,
    }[task]


def output(nodes: Nodes, node: str, key: str) -> Artifact | None:
    """Returns an output of a node; None if the node has not made it."""
    return nodes[node].outputs.get(key) if node in nodes else None


def read_json(artifact: Artifact | None, name: str) -> Any:
    """Returns the content of a JSON file of an artifact; None if there is none."""
    return None if artifact is None else json_file(artifact.path / name)


def json_file(file: Path) -> Any:
    """Returns the content of a JSON file; None if it is missing or incomplete."""
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None

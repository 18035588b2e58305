"""A run whose artifacts are written by hand: what is not given is not there."""

import json

import pytest

from pipeline.report.sources import Sources
from pipeline.store.metadata.lineage import Artifact, Node, Run
from pipeline.store.runs.rows import state
from pipeline.store.workspace import Workspace

PLACES = {
    "ingest": ("MovieLensExampleGen", "examples", "ingest.json"),
    "sample": ("StatisticsGen", "statistics", "sample.json"),
    "findings": ("ExampleValidator", "anomalies", "findings.json"),
    "test": ("RunReport", "report", "report.json"),
    "details": ("RunReport", "report", "details.json"),
    "slices": ("RankingEvaluator", "evaluation", "slices.json"),
    "lists": ("RetrievalEvaluator", "evaluation", "metrics.json"),
    "recommended": ("RecommenderEvaluator", "evaluation", "metrics.json"),
    "next_span": ("TemporalCheck", "check", "temporal.json"),
    "plots": ("RetrievalEvaluator", "evaluation", "plots.json"),
    "validation": ("ServingValidator", "blessing", "validation.json"),
    "training": ("RankingTrainer", "model_run", "training.json"),
    "trials": ("RankingTuner", "tuner_results", "trials.json"),
}


@pytest.fixture
def left(tmp_path):
    """From what a run left, by the names of PLACES, and its states by node, to Sources.

    `models` and `baselines` are artifacts by task: what was trained, and what an evaluator compared with.
    """

    def make(
        run_id="now", states=None, previous=None, summary=None, record=None, data="data",
        models=None, baselines=None, **files,
    ):  # fmt: skip
        makers = {"recommender": "RecommenderAssembler"}
        outputs = {
            makers.get(task, f"{task.capitalize()}Trainer"): {"model": model}
            for task, model in (models or {}).items()
        }
        taken = {
            f"{task.capitalize()}Evaluator": {"baseline_model": model}
            for task, model in (baselines or {}).items()
        }
        for name, content in files.items():
            node, key, file = PLACES[name]
            folder = tmp_path / (data if name == "ingest" else run_id) / node / key
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(json.dumps(content))
            outputs.setdefault(node, {})[key] = Artifact(str(folder), {})
        states = states or dict.fromkeys(outputs, "done")
        nodes = {
            name: Node(name, state, 1.5, 100.0 + place, outputs.get(name, {}), taken=taken.get(name, {}))
            for place, (name, state) in enumerate(states.items())
        }
        folder = tmp_path / "reports" / run_id
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in (("summary.json", summary), ("run.json", record)):
            if content is not None:
                (folder / name).write_text(json.dumps(content))
        run = Run(run_id, "films", nodes)
        return Sources(run, folder, state(Workspace(tmp_path), run), previous)

    return make

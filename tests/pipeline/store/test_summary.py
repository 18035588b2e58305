"""The summary of a run whose last nodes failed: what was decided and pushed before holds."""

import io
import json
import sys

import pytest
from rich.console import Console

import pipeline.cli.run
from pipeline.cli.run import RunRequest, _report, _summarize_pushed
from pipeline.config.load import load_config
from pipeline.execution.interruption import Interrupted
from pipeline.schedule.records import judged
from pipeline.store.runs.record import RunRecord, recorded
from pipeline.store.summary import read_summary
from pipeline.store.workspace import Workspace
from tests.pipeline.metadata_store import Store

_BAR = {"measure": "rmse", "passed": True, "sentence": "met", "compared": False}
_EVALUATION = {
    "blessed": True,
    "reasons": ["met"],
    "bars": [_BAR],
    "candidate": {"ndcg@10": 0.1},
    "search": {},
}
#: By node: the key of its output, and the file in it.
_WROTE = {
    "MovieLensExampleGen": ("examples", "ingest.json", {"rows": {"train": 8}}),
    "ExampleValidator": ("anomalies", "findings.json", {"drift": [], "skew": []}),
    "RankingTrainer": ("model_run", "training.json", {}),
    "RetrievalTrainer": ("model_run", "training.json", {}),
    "RankingEvaluator": ("evaluation", "verdicts.json", _EVALUATION),
    "RetrievalEvaluator": ("evaluation", "metrics.json", _EVALUATION),
    "RecommenderEvaluator": ("evaluation", "metrics.json", _EVALUATION),
    "ServingValidator": (
        "blessing", "validation.json", {"problems": [], "requests": 3, "largest_difference": 0.0},
    ),
}  # fmt: skip


def judged_run(workspace, name):
    """A run whose models were judged, in metadata, and the store to go on with."""
    store = Store(workspace.metadata_db)
    run = store.run(name)
    for node, (key, file, content) in _WROTE.items():
        artifact = store.artifact("Artifact", workspace.artifacts / node / key / "1")
        (workspace.artifacts / node / key / "1" / file).write_text(json.dumps(content))
        run.node(node, outputs={key: artifact})
    return store, run


def push(workspace, store, run):
    pushed = store.artifact(
        "PushedModel", workspace.artifacts / "p", content="A", pushed=1, outcome="pushed", pushed_version="7"
    )
    return run.node("AtomicPusher", outputs={"pushed_model": pushed})


def test_a_run_that_fails_after_its_push_says_what_it_pushed(tmp_path):
    workspace = Workspace(tmp_path)
    store, run = judged_run(workspace, "r1")
    request = RunRequest(load_config("smoke"), workspace)
    _summarize_pushed(request, "r1")
    assert not workspace.reports.exists()  # it did not come to the pusher: there is nothing to keep

    push(workspace, store, run).node("RunReport", "failed")
    _summarize_pushed(request, "r1")
    summary = read_summary(workspace, "r1")
    names = ("ranking", "retrieval", "recommender")
    assert summary["reasons"][:3] == summary["not_compared"] == [f"{name}: met" for name in names]
    assert summary["missed"] == []
    said = judged(summary)
    assert said["blessed"] is True
    assert said["pushed"].endswith("/7")
    assert said["metrics"]["retrieval"] == {"ndcg@10": 0.1}


def test_a_run_that_is_interrupted_after_its_push_says_what_it_pushed(tmp_path, monkeypatch):
    workspace = Workspace(tmp_path)

    def pushed_and_interrupted(request, run_id, console, interruption):
        push(workspace, *judged_run(workspace, run_id))
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline.cli.run, "_run", pushed_and_interrupted)
    with pytest.raises(Interrupted):
        pipeline.cli.run.run(RunRequest(load_config("smoke"), workspace))

    [run_id] = [folder.name for folder in workspace.reports.iterdir()]
    assert read_summary(workspace, run_id)["pushed"].endswith("/7")
    assert recorded(workspace, run_id)["state"] == "interrupted"


def test_an_interruption_while_the_report_is_imported_leaves_a_run_that_is_done(tmp_path, monkeypatch):
    class Importing:
        def __getattr__(self, name):
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "pipeline.report.report", Importing())
    workspace, printed = Workspace(tmp_path), io.StringIO()
    record = RunRecord.begin("r1", "marquee", ("run",), {}, None, ())

    _report(record.ended("done"), workspace, Console(file=printed, width=200))

    assert recorded(workspace, "r1")["state"] == "done"
    assert "the report was not written: interrupted; write it with: " in printed.getvalue()

"""The summary of a run whose last nodes failed: what was decided and pushed before holds."""

import io
import json
import sys

from rich.console import Console

from pipeline.cli.run import RunRequest, _report, _summarize_pushed
from pipeline.config.load import load_config
from pipeline.schedule.records import judged
from pipeline.store.runs.record import RunRecord, recorded
from pipeline.store.workspace import Workspace

from .metadata_store import Store

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


def test_a_run_that_fails_after_its_push_says_what_it_pushed(tmp_path):
    workspace = Workspace(tmp_path)
    store = Store(workspace.metadata_db)
    run = store.run("r1")
    for name, (key, file, content) in _WROTE.items():
        artifact = store.artifact("Artifact", workspace.artifacts / name / key / "1")
        (workspace.artifacts / name / key / "1" / file).write_text(json.dumps(content))
        run.node(name, outputs={key: artifact})
    request = RunRequest(load_config("smoke"), workspace)
    _summarize_pushed(request, "r1")
    assert not workspace.reports.exists()  # it did not come to the pusher: there is nothing to keep

    pushed = store.artifact(
        "PushedModel", workspace.artifacts / "p", content="A", pushed=1, outcome="pushed", pushed_version="7"
    )
    run.node("AtomicPusher", outputs={"pushed_model": pushed}).node("RunReport", "failed")
    _summarize_pushed(request, "r1")
    summary = json.loads((workspace.reports / "r1" / "summary.json").read_text())
    names = ("ranking", "retrieval", "recommender")
    assert summary["reasons"][:3] == summary["not_compared"] == [f"{name}: met" for name in names]
    assert summary["missed"] == []
    said = judged(summary)
    assert said["blessed"] is True
    assert said["pushed"].endswith("/7")
    assert said["metrics"]["retrieval"] == {"ndcg@10": 0.1}


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

"""The verdict on both models together, and the next span by time, wherever a run is told of."""

import json

import httpx
import pytest

from pipeline.cli.printing.origin import print_origin
from pipeline.cli.printing.run import show_run
from pipeline.store.origin import find_origin
from pipeline.store.runs.diff import difference
from pipeline.store.runs.facts import described
from pipeline.store.runs.rows import known_run, row
from pipeline.store.workspace import Workspace
from pipeline.ui.app import create_app
from pipeline.ui.site import Site
from tests.pipeline.metadata_store import Store
from tests.pipeline.store.test_next_span import FOUND

from .ui.conftest import listening

METRICS = {
    "candidate": {"ndcg@10": 0.25, "under_mean@10": 0.31, "coverage@10": 0.4, "gini@10": None},
    "blessed": False,
    "reasons": ["ndcg@10 0.2500: 0.0100 down, worse than the last blessed model's 0.2600"],
}


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Two runs: the first's recommender is blessed and pushed, the second's is not."""
    root = tmp_path_factory.mktemp("workspace")
    store, art = Store(root / "metadata.db"), root / "artifacts"
    models: list[int] = []
    for number, blessed in enumerate((1, 0), start=1):
        run, folder = store.run(f"2026010{number}-000000"), art / str(number)
        model = store.artifact("Model", folder / "model")
        evaluation, check = folder / "evaluation", folder / "check"
        outputs = {
            "evaluation": store.artifact("ModelEvaluation", evaluation),
            "blessing": store.artifact("ModelBlessing", folder / "blessing", blessed=blessed),
        }
        (evaluation / "metrics.json").write_text(json.dumps(METRICS | {"blessed": bool(blessed)}))
        run.node("RecommenderAssembler", outputs={"model": model})
        baseline = {"baseline_model": models[0]} if models else {}
        run.node("RecommenderEvaluator", inputs={"model": model, **baseline}, outputs=outputs)
        pushed = {"pushed": blessed, **({"pushed_version": "1"} if blessed else {})}
        run.node(
            "AtomicPusher",
            inputs={"recommender": model, "recommender_blessing": outputs["blessing"]},
            outputs={"pushed_model": store.artifact("PushedModel", folder / "pushed", **pushed)},
        )
        run.node("TemporalCheck", outputs={"check": store.artifact("ModelEvaluation", check)})
        (check / "temporal.json").write_text(json.dumps(FOUND))
        models.append(model)
    (root / "serving_models" / "recommender" / "1").mkdir(parents=True)
    return Workspace(root)


def run(workspace, name):
    return known_run(workspace, name)


def test_a_run_whose_lists_were_refused_is_not_blessed(workspace):
    assert row(workspace, run(workspace, "20260101-000000"))["blessed"] is True
    assert row(workspace, run(workspace, "latest"))["blessed"] is False


def test_runs_show_tells_the_verdict_and_the_next_span(workspace, capsys):
    found = described(workspace, run(workspace, "latest"))

    assert found["recommender"] == {
        "metrics": {"ndcg@10": 0.25, "under_mean@10": 0.31, "coverage@10": 0.4},
        "blessed": False,
        "reasons": METRICS["reasons"],
        "compared_with": "20260101-000000",
    }
    assert found["next_span"] == FOUND
    show_run(workspace, "latest")
    said = " ".join(capsys.readouterr().out.split())
    assert "recommender" in said
    assert "under_mean@10 0.31" in said
    assert "not blessed; ndcg@10 0.2500: 0.0100 down" in said
    assert "on the next span by time: recommended nDCG@10 0.2100" in said


def test_lineage_of_a_pushed_version_names_who_judged_it(workspace, capsys):
    found = find_origin(workspace, "recommender/1").described()

    assert found["recommender"]["blessed"] is True
    assert found["next_span"] == FOUND
    assert {"RecommenderEvaluator", "TemporalCheck"} <= {step["node"] for step in found["steps"]}
    print_origin(workspace, "recommender/1")
    said = " ".join(capsys.readouterr().out.split())
    assert "recommender" in said
    assert "by time" in said


def test_diff_holds_verdicts_and_lists_side_by_side(workspace):
    found = difference(workspace, run(workspace, "20260101-000000"), run(workspace, "latest"))

    assert ("recommender blessed", True, False) in found["outcome"]


def test_the_pages_of_the_ui_have_them_too(workspace):
    site = Site(workspace, workspace.serving_models, "http://127.0.0.1:9")
    with listening(create_app(site)) as address:
        page = httpx.get(f"{address}/runs/20260102-000000").text
        front = httpx.get(address).text

    assert "both models" in page
    assert "worse than the last blessed model&#39;s 0.2600" in page
    assert "On the next span by time" in page
    assert "1.05 x the popularity of the last 30 days" in page
    assert "Nothing has run" not in front

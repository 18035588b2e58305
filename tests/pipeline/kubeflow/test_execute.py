"""The compiled pipeline, run: every container's command, with the installed package alone on the path."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from components.kept_statistics.executor import KEPT
from pipeline.config.load import load_config
from pipeline.kubeflow.compile import compile_pipeline
from serving.client import RestClient
from serving.server.server import EmbeddedServer, ServerConfig
from serving.versions.version_sets import TRAINED
from serving.versions.versions import list_versions
from trainer.data.pairs.trained_on import TrainedOn

from .launcher import Launcher

ROOT = Path(__file__).resolve().parents[3]
pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow]  # a process a task, where cores are few


@pytest.fixture(scope="module")
def packages(tmp_path_factory) -> Path:
    """Marquee as pip installs it, in a folder of its own."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("packages")
    for name in ("marquee", "pipeline", "components", "trainer", "tuner", "serving"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, source)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--no-index", "--target", target, source], check=True)
    return target


@pytest.fixture(scope="module")
def executed(packages, tmp_path_factory) -> Launcher:
    """`smoke` on fewer users, compiled for Kubeflow and run."""
    folder = tmp_path_factory.mktemp("kubeflow")
    config = load_config(
        "smoke",
        [
            "data.max_users=80",
            "ranking.train.epochs=1",
            "retrieval.train.epochs=1",
            "warm_start=true",
            "validate.drift_thresholds={movie_title: {infinity_norm: 0.001}}",
        ],
        ranking__tune__enabled=False,
        retrieval__tune__enabled=False,
    )
    file = folder / "pipeline.yaml"
    compile_pipeline(config, "kubeflow", "marquee:test", file)
    spec, _ = yaml.safe_load_all(file.read_text())
    launcher = Launcher(spec, folder, packages, {"serving_models": str(folder / "serving_models")})
    launcher.run()
    return launcher


def test_every_task_runs_in_an_order_that_the_graph_allows(executed):
    assert set(executed.order) == set(executed.spec["root"]["dag"]["tasks"])
    assert executed.order.index("RankingTrainer") < executed.order.index("RankingEvaluator")
    assert executed.order.index("AtomicPusher") < executed.order.index("TemporalCheck")
    assert executed.order.index("TemporalCheck") < executed.order.index("RunReport")


def test_the_first_run_has_nothing_to_be_compared_with_and_is_blessed(executed):
    nothing = executed.stored("LastBlessedRanking", "model")
    assert [file.name for file in nothing.iterdir()] == ["NOTHING_IS_PUSHED"]
    for task in ("RankingEvaluator", "RetrievalEvaluator", "RecommenderEvaluator"):
        assert executed.outputs[task]["blessing"]["metadata"]["blessed"] == 1


def test_the_first_training_has_nothing_to_begin_from(executed):
    training = json.loads((executed.stored("RankingTrainer", "model_run") / "training.json").read_text())
    assert training["warm_start"]["cold_because"]
    assert findings(executed)["drift"] == []


def findings(launcher):
    return json.loads((launcher.stored("ExampleValidator", "anomalies") / "findings.json").read_text())


def test_what_is_pushed_answers(executed):
    models = Path(executed.parameters["serving_models"])
    assert {name: list_versions(models, name) for name in ("ranking", "retrieval", "recommender")} == {
        "ranking": [1],
        "retrieval": [1],
        "recommender": [1],
    }
    with (
        EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as server,
        RestClient(server.rest_url) as client,
    ):
        answer = client.predict("recommender", {"user_id": ["42"]})
    assert len(answer["movie_title"][0]) == 10
    assert all(1 <= rating <= 5 for rating in answer["user_rating"][0])


def test_the_report_has_the_errors_on_test(executed):
    report = json.loads((executed.stored("RunReport", "report") / "report.json").read_text())
    assert 0.8 < report["test"]["rmse"] < 1.3


def test_the_next_span_by_time_is_measured(executed):
    found = json.loads((executed.stored("TemporalCheck", "check") / "temporal.json").read_text())
    assert found["made"] is True
    assert found["rows"]["judged"] > 1000
    assert found["lists"]["known"]["users"] > 1


def test_a_later_recommender_is_compared_with_the_judged_one_of_what_is_served(executed):
    executed.repeat(["LastBlessedRecommender", "RecommenderEvaluator"])
    metrics = json.loads((executed.stored("RecommenderEvaluator", "evaluation") / "metrics.json").read_text())
    assert metrics["baseline"] == metrics["candidate"]  # the judged one: the refit one knows what is asked
    assert executed.outputs["RecommenderEvaluator"]["blessing"]["metadata"]["blessed"] == 1


def test_a_later_run_is_compared_with_what_is_served(executed):
    """And begins from it, and its data is compared with the first run's."""
    [kept] = (Path(executed.parameters["serving_models"]) / KEPT).iterdir()
    shutil.copy(kept / "Split-eval" / "FeatureStats.pb", kept / "Split-train")  # as if train had been that
    executed.repeat(["PreviousStatistics", "ExampleValidator", "KeepStatistics", "BaseRanking"])
    executed.repeat(["RankingTrainer", "LastBlessedRanking", "RankingEvaluator"])
    served = executed.outputs["LastBlessedRanking"]["model"]
    assert served["metadata"]["pushed_version"] == "1"
    # What is served was refit; what a model is compared with, and begins from, is the judged one inside it.
    judged = executed.stored("LastBlessedRanking", "model")
    assert (judged / "Format-Serving" / "saved_model.pb").is_file()
    refit = json.loads((executed.stored("RankingRefit", "model_run") / "training.json").read_text())["refit"]
    record = TrainedOn.read(judged / "trained")
    models = Path(executed.parameters["serving_models"])
    served_record = TrainedOn.read(models / "ranking" / "1" / TRAINED)
    assert len(served_record.pairs) == refit["ratings"] > 1.1 * len(record.pairs)
    assert (
        TrainedOn.read(executed.stored("BaseRanking", "model") / "trained").pairs.tolist()
        == record.pairs.tolist()
    )
    blessing = executed.outputs["RankingEvaluator"]["blessing"]["metadata"]
    assert blessing["baseline_model"] == served["uri"]
    training = json.loads((executed.stored("RankingTrainer", "model_run") / "training.json").read_text())
    assert training["warm_start"]["cold_because"] == ""
    assert sum(table["new"] for table in training["warm_start"]["rows"].values()) == 0
    assert "movie_title" in {row["feature"] for row in findings(executed)["drift"]}

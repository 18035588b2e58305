"""The ServingSkew node in the DAG, and what a run says of it."""

import json

import pytest
from rich.console import Console

from marquee.errors import ConfigError
from pipeline.cli.printing.summary import print_summary
from pipeline.config.data_checks import SkewThresholds
from pipeline.config.load import load_config
from pipeline.dag.data_source import DataSource
from pipeline.dag.graph import build_pipeline
from pipeline.dag.local_place import LocalPlace
from pipeline.kubeflow.compile import compile_pipeline
from pipeline.store.summary import ModelSummary, Summary
from pipeline.store.workspace import Workspace
from serving.errors import ServingError


def nodes(tmp_path, *settings):
    """Name to node of the pipeline that a configuration builds."""
    config = load_config("smoke", list(settings))
    source = DataSource(path=str(tmp_path), origin="a test", fingerprint="")
    pipeline = build_pipeline(config, source, LocalPlace(Workspace(tmp_path / "workspace")))
    return {node.id: node for node in pipeline.components}


def test_the_node_is_there_where_logs_are_named_and_transform_waits_for_it(tmp_path):
    assert "ServingSkew" not in nodes(tmp_path)

    logs = tmp_path / "logs"
    logs.mkdir()
    settings = (f"serving_skew.logs={logs}", "serving_skew.on_skew=stop", "serving_skew.thresholds.film=0.4")
    built = nodes(tmp_path, *settings)
    node = built["ServingSkew"]
    assert node.inputs["examples"] is built["MovieLensExampleGen"].outputs["examples"]
    assert node in built["Transform"].upstream_nodes
    assert node.exec_properties["on_skew"] == "stop"
    thresholds = json.loads(node.exec_properties["thresholds"])
    assert (thresholds["item"], thresholds["user"], thresholds["shown_rating"]) == (0.4, 0.2, None)

    before = node.exec_properties["logs_fingerprint"]
    assert nodes(tmp_path, *settings)["ServingSkew"].exec_properties["logs_fingerprint"] == before
    (logs / "a.jsonl").write_text("{}\n")
    assert nodes(tmp_path, *settings)["ServingSkew"].exec_properties["logs_fingerprint"] != before


def test_former_names_of_thresholds_are_read_and_two_names_of_one_refused():
    given = load_config("smoke", ["serving_skew.thresholds={film: 0.4, genre: null}"])
    assert given.serving_skew.thresholds == SkewThresholds(item=0.4, group=None)
    with pytest.raises(ConfigError, match="film is called item now: give item alone"):
        load_config("smoke", ["serving_skew.thresholds={film: 0.4, item: 0.3}"])


def test_a_folder_that_is_not_there_is_said_before_anything_runs(tmp_path):
    with pytest.raises(ServingError, match=f"There is no prediction log at {tmp_path}/nowhere"):
        nodes(tmp_path, f"serving_skew.logs={tmp_path}/nowhere")


def test_a_compiled_pipeline_reads_no_logs(tmp_path):
    config = load_config("smoke", ["serving_skew.logs=/logs"])
    with pytest.raises(ConfigError, match=r"serving_skew.logs = '/logs': no task of a cluster reaches"):
        compile_pipeline(config, "kubeflow", "marquee:1.0", tmp_path / "pipeline.yaml")


@pytest.fixture
def printed(capsys):
    """What a summary with these findings looks like."""

    def show(skew):
        training = {"device": "CPU", "epochs": 1, "epochs_resumed": 0, "best_epoch": 1, "rows_per_second": 1}
        model = ModelSummary(True, [], {}, tuner=None, training=training)
        rating = {"rmse": 0.9, "mae": 0.7}
        test = {"test": rating, "mean_rating_baseline": rating}
        test |= dict.fromkeys(("retrieval", "retrieval_popularity", "recommender"))
        summary = Summary(
            run_id="r",
            splits={"train": 8},
            notes=[],
            drift=[],
            skew=[],
            spans=None,
            reused=False,
            serving_skew=skew,
            ranking=model,
            retrieval=model,
            test=test,
            blessed=True,
            reasons=[],
            pushed=None,
            example=None,
        )
        print_summary(summary, "", Console(width=400))
        return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]

    return show


def test_a_run_says_what_was_served_what_is_skewed_and_what_could_not_be_read(printed):
    skew = {
        "logs": "/logs",
        "requests": {"ranking.rate_ids": 1000, "recommender.recommend": 234},
        "first": "2026-11-25T03:00:00+00:00",
        "last": "2026-11-26T02:59:00+00:00",
        "features": [{"feature": "user", "distance": 0.5}, {"feature": "film", "distance": None}],
        "skew": ["user: unknown is 50.0% of 6 logged and 0.0% of train: 0.500 apart, over 0.25"],
        "torn": ["/logs/a.jsonl.partial: line 2 is torn"],
        "damaged": [f"/logs/b.jsonl, line {number}: is no logged prediction" for number in range(4)],
        "damages": 7,
    }
    lines = printed(skew)

    start = lines.index(
        "served 1,234 logged requests 2026-11-25T03:00 to 2026-11-26T02:59: user compared with train"
    )
    assert lines[start + 1 : start + 7] == [
        "skew user: unknown is 50.0% of 6 logged and 0.0% of train: 0.500 apart, over 0.25",
        "truncated file, read up to that line: /logs/a.jsonl.partial: line 2 is torn",
        "damaged /logs/b.jsonl, line 0: is no logged prediction",
        "damaged /logs/b.jsonl, line 1: is no logged prediction",
        "damaged /logs/b.jsonl, line 2: is no logged prediction",
        "and 4 more in /logs",
    ]


def test_the_first_night_nothing_is_logged_yet(printed):
    nothing = {"logs": "/logs", "requests": {}, "first": None, "last": None, "features": []}
    lines = printed(nothing | {"skew": [], "torn": [], "damaged": [], "damages": 0})

    assert "served nothing is logged yet in /logs" in lines
    assert not any(line.startswith("served") for line in printed(None))

import json
import os
import signal
import socket
import time
from types import SimpleNamespace
from urllib.request import ProxyHandler, build_opener

import pytest
from google.protobuf import text_format
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig

from pipeline.store.metadata.lineage import Node, Run
from pipeline.store.training_logs import link_training_logs
from pipeline.store.workspace import Workspace
from tests.marquee_process import Marquee


@pytest.fixture(scope="module")
def run(finished):
    return finished[1]


@pytest.fixture(scope="module")
def workspace(finished, tmp_path_factory):
    """A workspace with the finished run in it, that may be written to: its links lead to the artifacts."""
    mine = Workspace(tmp_path_factory.mktemp("tensorboard"))
    mine.metadata_db.symlink_to(finished[0].workspace / "metadata.db")
    mine.artifacts.symlink_to(finished[0].workspace / "artifacts")
    return mine


@pytest.fixture(scope="module")
def tree(workspace):
    return link_training_logs(workspace)


def events(folder):
    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def scalars(folder):
    """Tag to {step: value}."""
    from tensorboard.util import tensor_util

    found = events(folder)
    return {
        tag: {event.step: float(tensor_util.make_ndarray(event.tensor_proto)) for event in found.Tensors(tag)}
        for tag in found.Tags()["tensors"]
    }


def session(folder, tag):
    """What the HParams dashboard is told of a trial."""
    return metadata.parse_session_start_info_plugin_data(
        events(folder).SummaryMetadata(tag).plugin_data.content
    )


def test_a_run_shows_its_trainings_and_every_trial(tree, run):
    there = {str(link.relative_to(tree / run.run_id)) for link in tree.rglob("*") if link.is_symlink()}

    assert there == {
        f"{task}/{part}"
        for task in ("ranking", "retrieval")
        for part in ("train", "validation", "tuner/0", "tuner/1")
    }
    assert all(next(link.rglob("events*")).stat().st_size for link in tree.glob("*/*/*") if link.is_symlink())


@pytest.mark.parametrize("task", ["ranking", "retrieval"])
def test_the_curves_are_the_history_of_the_training(tree, run, task):
    report = run.output(f"{task.capitalize()}Trainer", "model_run").path / "training.json"
    history = json.loads(report.read_text())["history"]
    train, validation = (scalars(tree / run.run_id / task / part) for part in ("train", "validation"))

    rates = train.pop("epoch_learning_rate")
    assert sorted(rates) == list(range(1, len(history) + 1))
    assert rates[1] > rates[len(history)] >= 0
    for found, prefix in ((train, ""), (validation, "val_")):
        logged = {name for name in history[0] if name.startswith("val_") == bool(prefix)}
        assert set(found) == {f"epoch_{name.removeprefix(prefix)}" for name in logged}
        for name in logged:
            values = found[f"epoch_{name.removeprefix(prefix)}"]
            assert values == pytest.approx({i: epoch[name] for i, epoch in enumerate(history, 1)}, rel=1e-6)


@pytest.mark.parametrize("task", ["ranking", "retrieval"])
def test_each_trial_says_what_was_tried_and_that_it_ended_well(tree, run, task):
    results = run.output(f"{task.capitalize()}Tuner", "tuner_results").path
    for trial in json.loads((results / "trials.json").read_text()):
        folder = tree / run.run_id / task / "tuner" / trial["trial"]
        start = session(folder, metadata.SESSION_START_INFO_TAG)
        tried = {name: value.number_value for name, value in start.hparams.items()}
        end = metadata.parse_session_end_info_plugin_data(
            events(folder).SummaryMetadata(metadata.SESSION_END_INFO_TAG).plugin_data.content
        )

        assert tried == pytest.approx(trial["values"])
        assert end.status == api_pb2.STATUS_SUCCESS
        monitored = {"ranking": "epoch_rmse", "retrieval": "epoch_ndcg@10"}[task]
        assert trial["score"] in [
            pytest.approx(value, rel=1e-6) for value in scalars(folder / "validation")[monitored].values()
        ]


def test_the_projector_has_every_film_with_its_title(tree, run):
    folder = tree / run.run_id / "retrieval" / "train"
    config = text_format.Parse((folder / "projector_config.pbtxt").read_text(), ProjectorConfig())
    [films] = config.embeddings
    vectors = (folder / films.tensor_path).read_text().splitlines()
    header, *about = [line.split("\t") for line in (folder / films.metadata_path).read_text().splitlines()]

    assert header == ["title", "genres", "year", "ratings"]
    assert [len(vectors), len(vectors[0].split("\t"))] == films.tensor_shape
    assert len(about) == len(vectors)
    [star_wars] = [row for row in about if row[0] == "Star Wars (1977)"]
    assert star_wars[1:3] == ["Action|Adventure|Romance|Sci-Fi|War", "1977"]
    assert [int(row[3]) for row in about] == sorted((int(row[3]) for row in about), reverse=True)


def test_links_follow_what_is_there(workspace, tree, run):
    gone = tree / "20200101-000000" / "ranking" / "train"
    gone.parent.mkdir(parents=True)
    gone.symlink_to("nowhere")
    link_training_logs(workspace)

    assert not gone.is_symlink()
    assert (tree / run.run_id / "ranking" / "train").is_symlink()


def test_a_training_and_a_search_under_way_are_there_already(tmp_path, monkeypatch):
    nodes = {name: Node(name, "running", 0.0, 0.0, {}) for name in ("RankingTrainer", "RetrievalTuner")}
    nodes["RankingTuner"] = Node("RankingTuner", "cached", 0.0, 0.0, {})  # seen under the run that ran it
    lineage = SimpleNamespace(runs=lambda: [Run("20260101-000000", "smoke", nodes)])
    monkeypatch.setattr("pipeline.store.training_logs.Lineage", lambda database: lineage)
    for seconds, part in enumerate(
        (
            "artifacts/RankingTrainer/model_run/3/logs/train",
            "artifacts/RankingTrainer/model_run/9/logs/train",
            "cache/resume/before/logs/7",
            "cache/resume/now/logs/0",
        )
    ):
        (tmp_path / part).mkdir(parents=True)
        os.utime((tmp_path / part).parents[1], (1000 + seconds, 1000 + seconds))

    tree = link_training_logs(Workspace(tmp_path))
    found = {str(link.relative_to(tree)): link.resolve() for link in tree.rglob("*") if link.is_symlink()}
    assert found == {
        "20260101-000000/ranking/train": tmp_path / "artifacts/RankingTrainer/model_run/9/logs/train",
        "20260101-000000/retrieval/tuner/0": tmp_path / "cache/resume/now/logs/0",
    }


def test_tensorboard_answers_until_it_is_stopped(workspace, run):
    process = Marquee(workspace.root).start_warm("tensorboard", "--port", "0")
    try:
        line = process.stdout.readline()
        address = line.split()[1]
        runs = asked(f"{address}data/runs", wanted=f"{run.run_id}/retrieval/train")
        assert f"{run.run_id}/ranking/tuner/1" in runs
        plugins = json.loads(get(f"{address}data/plugins_listing"))
        assert plugins["hparams"]["enabled"]
        assert plugins["projector"]["enabled"]
        assert asked(f"{address}data/plugin/projector/runs", wanted=f"{run.run_id}/retrieval/train")
    finally:
        process.send_signal(signal.SIGTERM)
        rest, _ = process.communicate(timeout=30)
    assert (process.returncode, rest) == (0, "")
    assert line.startswith("TensorBoard http://127.0.0.1:")


def test_a_workspace_without_runs_and_a_taken_port_are_said_in_a_line(workspace, tmp_path):
    nothing = Marquee(tmp_path / "empty")("tensorboard")
    assert nothing.returncode == 1
    assert f"nothing has been trained in {tmp_path / 'empty'}" in nothing.output
    assert "marquee run" in nothing.output

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = Marquee(workspace.root)("tensorboard", "--port", str(port))
    assert refused.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in refused.output
    assert "Traceback" not in refused.output


def get(url: str) -> str:
    with build_opener(ProxyHandler({})).open(url, timeout=20) as answer:
        return answer.read().decode()


def asked(url: str, wanted: str) -> list[str]:
    """Runs that TensorBoard names, once it has read that one."""
    for _ in range(100):
        runs = json.loads(get(url))
        if wanted in runs:
            return runs
        time.sleep(0.2)
    raise AssertionError(f"{url} does not name {wanted}: {runs}")

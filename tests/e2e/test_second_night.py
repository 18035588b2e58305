"""Implicit data that grow: a tuned first night, and a second that starts warm and is compared with it."""

import json

import numpy as np
import pytest
import yaml

from pipeline.store.metadata.lineage import Lineage
from serving.prediction_log.encode import tf_record
from serving.prediction_log.exchange import Exchange
from serving.versions.versions import list_versions
from tests.e2e.described_parts import OF_TIMED_PLAYS, timed_plays
from tests.marquee_process import Marquee, states

pytestmark = [pytest.mark.timeout(2400), pytest.mark.slow]
#: Bars that leave room for what is chance among 120 listeners; what is compared is what matters here.
ROOM = {"over_popularity": {}, "bars": {"ndcg@10": {"max_decrease": 0.5}}}
PLAYS = {
    "name": "plays",
    "data": OF_TIMED_PLAYS,
    "warm_start": True,
    "ranking": {
        "model": {"kind": "dcn", "dim": 4, "hidden": [8]},
        "train": {"epochs": 4, "batch_size": 500, "xla": False},
        "tune": {"enabled": True, "trials": 2},
        "bless": {
            "bars": {"auc": {"min": 0.3, "max_decrease": 0.5}, "log_loss": {"max_increase": 0.5}},
        },
    },
    "retrieval": {
        "model": {"kind": "two_tower", "dim": 8},
        "train": {"epochs": 4, "batch_size": 500, "xla": False},
        "tune": {"enabled": True, "trials": 2},
        "bless": ROOM,
    },
    "recommender": {"bless": ROOM},
}


@pytest.fixture(scope="module")
def nights(tmp_path_factory):
    """The workspace, a run on 90 % of the plays, a scheduled one on all, and what the latter said."""
    folder = tmp_path_factory.mktemp("nights")
    config, data = folder / "plays.yaml", timed_plays(folder / "data", 0.9)
    config.write_text(yaml.safe_dump(PLAYS, sort_keys=False))
    marquee = Marquee(folder / "workspace")
    options = ("--config", str(config), "--data", str(data))
    first = marquee("run", *options, seconds=1100)
    assert first.returncode == 0, first.output

    timed_plays(data)
    (folder / "logs").mkdir()
    (folder / "logs" / "predictions.tfrecord").write_bytes(tf_record(_asked(), 1.0) * 60)
    settings = ("--set", f"serving_skew.logs={folder / 'logs'}", "--no-tune")
    second = marquee("schedule", "--once", *options, *settings, seconds=1100)
    said = "\n".join(log.read_text() for log in (marquee.workspace / "logs").glob("scheduled-*.log"))
    assert second.returncode == 0, f"{second.output}\n{said}"
    return marquee, first, Lineage(marquee.workspace / "metadata.db").run(), said


def _asked() -> Exchange:
    return Exchange(
        time=1795662000.0,
        model="ranking",
        version=1,
        signature="chances",
        protocol="REST",
        seconds=0.001,
        inputs={
            "user_id": np.array([b"u1", b"nobody"], object),
            "movie_id": np.array([b"m1", b"m2"], object),
        },
        outputs={"chance": np.array([0.4, 0.3], np.float32)},
    )


def verdicts(run) -> dict:
    return json.loads((run.output("RankingEvaluator", "evaluation").path / "verdicts.json").read_text())


def test_the_tuner_minimizes_log_loss_of_chances(nights):
    _, first, _, _ = nights
    assert {states(first.run)[f"{task}Tuner"] for task in ("Ranking", "Retrieval")} == {"done"}
    trials = json.loads((first.run.output("RankingTuner", "tuner_results").path / "trials.json").read_text())
    scores = [trial["score"] for trial in trials]
    assert len(scores) == 2
    assert all(0 < score < 2 for score in scores)


def test_the_second_night_starts_warm_and_is_pushed(nights):
    marquee, _, second, _ = nights
    assert set(states(second).values()) == {"done"}
    for task in ("Ranking", "Retrieval"):
        for node in (f"{task}Trainer", f"{task}Refit"):
            warm = json.loads((second.output(node, "model_run").path / "training.json").read_text())
            assert warm["warm_start"]["cold_because"] == ""
            assert sum(table["carried"] for table in warm["warm_start"]["rows"].values()) > 0
    assert list_versions(marquee.workspace / "serving_models", "recommender") == [1, 2]


def test_it_is_held_against_the_last_blessed_by_log_loss_and_auc(nights):
    _, _, second, said = nights
    found = verdicts(second)
    for measure in ("log_loss", "auc", "rated_ndcg@10"):
        assert 0 < found["baseline"][measure] < 2
    assert "rmse" not in found["candidate"]
    assert "last blessed model's" in " ".join(said.split())
    assert "under_mean" not in said


def test_what_was_asked_is_compared_with_train_but_for_ratings(nights):
    _, _, second, said = nights
    folder = second.output("ServingSkew", "anomalies").path
    rows = {row["feature"]: row for row in json.loads((folder / "findings.json").read_text())["features"]}
    assert set(rows) == {"user", "activity", "artist"}
    assert rows["artist"]["logged_values"] == 120
    assert rows["user"]["skewed"]
    assert "unknown is 50.0% of 120 logged" in " ".join(said.split())


def test_the_check_by_time_measures_lists_and_no_ratings(nights):
    for run in (nights[1].run, nights[2]):
        found = json.loads((run.output("TemporalCheck", "check").path / "temporal.json").read_text())
        assert found["made"], found["why_not"]
        assert found["ratings"] is None
        assert 0 < found["lists"]["known"]["recommender"]["value"] < 1

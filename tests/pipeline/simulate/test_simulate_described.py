"""`marquee simulate` on described implicit data: real runs on a few listeners."""

import json

import pytest
import yaml

from tests.e2e.described_parts import OF_TIMED_PLAYS, timed_plays
from tests.marquee_process import Marquee

pytestmark = [pytest.mark.timeout(1800), pytest.mark.slow]
PLAYS = {
    "name": "plays",
    "data": OF_TIMED_PLAYS,
    "ranking": {
        "model": {"kind": "mlp", "dim": 4, "hidden": [8], "features": ["device"]},
        "train": {"epochs": 2, "batch_size": 500, "xla": False},
        "tune": {"enabled": False},
        "bless": {"bars": {"log_loss": {"max": 10}}},
    },
    "retrieval": {
        "model": {"kind": "ease", "l2": 50},
        "bless": {"over_popularity": {}, "bars": {"ndcg@10": {"min": 0}}},
    },
    "recommender": {"bless": {"over_popularity": {}, "bars": {"ndcg@10": {"min": 0}}}},
    "temporal_check": "never",
}


def test_described_plays_are_replayed_and_measured_by_chances(tmp_path):
    config = tmp_path / "plays.yaml"
    config.write_text(yaml.safe_dump(PLAYS, sort_keys=False))
    out, data = tmp_path / "out", timed_plays(tmp_path / "data")
    marquee = Marquee(tmp_path / "workspace")
    arguments = ("--config", str(config), "--data", str(data), "--out", str(out))
    answer = marquee("simulate", "--spans", "2", "--no-cold", *arguments, seconds=1500)

    assert answer.returncode == 0, answer.output
    assert "1,440 interactions" in answer.output
    assert "Log loss on the next span" in answer.output
    assert "RMSE" not in answer.output
    steps = json.loads((out / "results.json").read_text())["steps"]
    assert [step["strategy"] for step in steps] == ["continuous", "frozen", "no model"]
    for step in steps:
        found = step["future"]["all"]
        assert 0.3 < found["auc"] < 1
        assert 0 < found["log_loss"] < 5
        assert "rmse" not in found
    assert sorted(path.name for path in (out / "data").iterdir()) == ["span-0001"]
    assert "log_loss" in (out / "quality.html").read_text()


def test_data_without_times_are_refused_before_anything_runs(tmp_path):
    untimed = {**PLAYS["data"], "interactions": {**PLAYS["data"]["interactions"], "time": None}}
    config = tmp_path / "plays.yaml"
    config.write_text(yaml.safe_dump({**PLAYS, "data": untimed}, sort_keys=False))
    data = timed_plays(tmp_path / "data")
    arguments = ("--config", str(config), "--data", str(data), "--out", str(tmp_path / "out"))
    answer = Marquee(tmp_path / "workspace")("simulate", *arguments)

    assert answer.returncode == 1
    assert (
        "data.interactions has no time, and a simulation replays interactions by their time" in answer.output
    )
    assert "Traceback" not in answer.output

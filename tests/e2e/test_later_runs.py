"""What a second run reuses, and what an edit makes it do again. Order matters: the runs share a workspace."""

import json
import re
import shlex
import shutil
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from serving.contract import MODELS
from serving.prediction_log.encode import tf_record
from serving.prediction_log.exchange import Exchange
from serving.versions.versions import list_models, list_versions
from tests.marquee_process import PACKAGES, states

#: Without what says how good models are on the next span: it decides nothing, and trains both once more.
UNTIMED = ("--set", "temporal_check=never")
DATA_NODES = ("MovieLensExampleGen", "StatisticsGen", "ExampleValidator", "Transform")


@pytest.fixture(scope="module")
def marquee(run_once, tmp_path_factory):
    """The command line on a copy of the finished run's workspace."""
    finished, _ = run_once
    copy = tmp_path_factory.mktemp("later") / "workspace"
    shutil.copytree(finished.workspace, copy)
    return replace(finished, workspace=copy)


def pushed(marquee):
    models = marquee.workspace / "serving_models"
    return {name: list_versions(models, name) for name in list_models(models)}


def executed(run):
    return {node for node, state in states(run).items() if state == "done"}


def test_an_unchanged_second_run_reuses_every_node_and_pushes_nothing_new(first, marquee):
    start = time.monotonic()
    second = marquee("run", "--config", "smoke")

    assert second.returncode == 0, second.output
    assert executed(second.run) == set()
    assert pushed(marquee) == {name: [1] for name in MODELS}
    assert marquee.summary(second.run)["test"] == marquee.summary(first.run)["test"]
    assert time.monotonic() - start < 90


def test_new_logs_rerun_their_comparison_with_train_and_nothing_else(first, marquee, tmp_path):
    asked = Exchange(
        time=1795662000.0,
        model="ranking",
        version=1,
        signature="rate_ids",
        protocol="REST",
        seconds=0.001,
        inputs={"user_id": np.array([b"42", b"nobody"], object), "movie_id": np.array([b"1", b"2"], object)},
        outputs={"user_rating": np.array([4.0, 3.0], np.float32)},
    )
    (tmp_path / "predictions.tfrecord").write_bytes(tf_record(asked, 1.0) * 60)
    answer = marquee("run", "--config", "smoke", "--set", f"serving_skew.logs={tmp_path}")

    assert answer.returncode == 0, answer.output
    assert executed(answer.run) == {"ServingSkew"}
    found = marquee.summary(answer.run)["serving_skew"]
    assert found["requests"] == {"ranking.rate_ids": 60}
    assert {row["feature"] for row in found["features"] if row["skewed"]} == {"user", "film"}
    assert "unknown is 50.0% of 120 logged and 0.0% of train" in " ".join(answer.output.split())


def test_a_changed_value_reruns_what_depends_on_it(first, marquee):
    answer = marquee("run", "--config", "smoke", "--set", "ranking.bless.bars={rmse: {max: 1.5}}")

    assert answer.returncode == 0, answer.output
    assert executed(answer.run) == {"RankingEvaluator", "AtomicPusher", "BulkRecommender"}
    assert pushed(marquee) == {name: [1] for name in MODELS}


def test_a_served_model_that_was_deleted_is_pushed_again(first, marquee):
    shutil.rmtree(marquee.workspace / "serving_models")
    again = marquee("run", "--config", "smoke")

    assert again.returncode == 0, again.output
    assert executed(again.run) == {"AtomicPusher", "BulkRecommender"}
    assert marquee.summary(again.run)["pushed"].endswith("recommender}/1")
    assert pushed(marquee) == {name: [1] for name in MODELS}


def test_what_a_run_blessed_last_is_served_after_it_whatever_was_cached(first, marquee):
    candidates = ("--set", "recommender.candidates=150")
    other = marquee("run", "--config", "smoke", *candidates, *UNTIMED, "--tag", "other")
    assert other.returncode == 0, other.output
    assert "serving_models/{ranking,retrieval,recommender}/2" in other.output

    back = marquee("run", "--config", "smoke")
    assert back.returncode == 0, back.output
    assert executed(back.run) == {"AtomicPusher", "BulkRecommender"}
    assert marquee.summary(back.run)["pushed"].endswith("recommender}/3")
    assert pushed(marquee) == {name: [1, 2, 3] for name in MODELS}

    again = marquee("run", "--config", "smoke")
    assert executed(again.run) == set()
    assert marquee.summary(again.run)["pushed"] is None
    assert f"served version already, 3, which run {back.run.run_id} pushed" in " ".join(again.output.split())
    rows = {row["run"]: row for row in json.loads(marquee("runs", "--json").output)}
    assert [rows[each.run.run_id]["pushed"] for each in (other, back, again)] == [2, 3, 0]
    assert [rows[each.run.run_id]["served"] for each in (other, back, again)] == [False, True, True]
    assert (rows[other.run.run_id]["overrides"], rows[other.run.run_id]["tags"]) == (
        ["recommender.candidates=150", "temporal_check=never"],
        ["other"],
    )


def test_what_a_person_withdrew_stays_withdrawn_until_it_is_restored(first, marquee):
    assert "version 3 withdrawn, version 2 is the served version" in marquee("rollback", "recommender").output
    answer = marquee("run", "--config", "smoke")
    said = " ".join(answer.output.split())
    assert answer.returncode == 0, answer.output
    assert "nothing: these models were withdrawn by hand, version 3" in said
    restore = re.search(r"serve them again with: marquee (restore recommender 3 --workspace \S+)", said)
    assert pushed(marquee) == {name: [1, 2] for name in MODELS}

    assert "version 3 is back, and is the served version" in marquee(*shlex.split(restore[1])).output
    assert pushed(marquee) == {name: [1, 2, 3] for name in MODELS}


def test_an_edited_model_file_reruns_the_models_nodes_and_no_data_node(first, marquee, tmp_path):
    for package in ("marquee", "pipeline", "components", "trainer", "tuner", "serving", "configs"):
        shutil.copytree(PACKAGES / package, tmp_path / package)
    with open(tmp_path / "trainer" / "models" / "ranking" / "mf.py", "a") as file:
        file.write("\n# edited\n")

    answer = replace(marquee, code=tmp_path)("run", "--config", "smoke", "--to-node", "RankingTrainer")

    assert answer.returncode == 0, answer.output
    assert {states(answer.run)[node] for node in DATA_NODES} == {"cached"}
    assert executed(answer.run) == {"RankingTuner", "RankingTrainer"}


def test_a_warm_run_begins_where_the_last_blessed_model_ended(first, marquee):
    answer = marquee(
        "run", "--config", "smoke", "--no-tune", "--set", "warm_start=true", "--to-node", "RetrievalTrainer"
    )

    assert answer.returncode == 0, answer.output
    report = answer.run.output("RetrievalTrainer", "model_run").path / "training.json"
    training = json.loads(report.read_text())
    ended = max(
        logs["val_ndcg@10"] for logs in marquee.summary(first.run)["retrieval"]["training"]["history"]
    )
    assert training["warm_start"]["cold_because"] == ""
    assert training["warm_start"]["start"]["val_ndcg@10"] == pytest.approx(ended, abs=0.02)


def test_a_worse_model_is_not_pushed_and_the_summary_says_by_how_much(first, marquee):
    before = pushed(marquee)
    worse = marquee(
        "run", "--config", "smoke", "--no-tune", *UNTIMED,
        "--set", "ranking.train.epochs=1", "--set", "ranking.train.learning_rate=0.0001",
    )  # fmt: skip

    assert worse.returncode == 0, worse.output
    assert "refused: the new models are not served; what was served before stays" in worse.output
    summary = marquee.summary(worse.run)
    assert summary["blessed"] is False
    assert summary["pushed"] is None
    [sentence] = [
        reason for reason in summary["ranking"]["reasons"] if "worse than the last blessed" in reason
    ]
    assert re.search(r"rmse \d\.\d{4}: 0\.\d{4} up \(\d+\.\d standard errors\)", sentence)
    assert pushed(marquee) == before
    evaluation = worse.run.output("RankingEvaluator", "evaluation").path
    verdicts = json.loads((evaluation / "verdicts.json").read_text())
    assert verdicts["blessed"] is False
    assert verdicts["overlap"] == {"share": 0.0, "rows": summary["splits"]["eval"]}  # the same split again
    assert all(change["standard_error"] > 0 for change in verdicts["change"]["baseline"].values())
    assert set(verdicts["change"]["baseline"]) == {"rmse", "mae", "calibration", "rated_ndcg@10"}


def test_a_worse_retrieval_model_is_not_blessed_and_nothing_of_the_set_is_pushed(first, marquee):
    before = pushed(marquee)
    worse = marquee(
        "schedule", "--once", "--config", "smoke", "--no-tune", *UNTIMED,
        "--set", "retrieval.train.epochs=1", "--set", "retrieval.train.learning_rate=0.00001",
    )  # fmt: skip

    assert worse.returncode == 3, worse.output
    line = json.loads((marquee.workspace / "logs" / "schedule.jsonl").read_text().splitlines()[-1])
    assert (line["outcome"], line["blessed"], line["pushed"]) == ("refused", False, None)
    assert line["metrics"]["ranking"]["rmse"] > 0
    summary = marquee.summary(worse.run)
    assert summary["retrieval"]["blessed"] is False
    assert summary["pushed"] is None
    assert any("worse than the last blessed" in reason for reason in summary["retrieval"]["reasons"])
    assert pushed(marquee) == before
    assert_nothing_was_refit(worse.run, summary, said=Path(line["output"]).read_text())


def test_a_weight_of_ratings_that_costs_what_is_found_is_not_pushed(first, marquee):
    before = pushed(marquee)
    heavy = marquee("run", "--config", "smoke", *UNTIMED, "--set", "recommender.rating_weight=5")

    assert heavy.returncode == 0, heavy.output
    summary = marquee.summary(heavy.run)
    assert summary["ranking"]["blessed"]
    assert summary["retrieval"]["blessed"]
    assert summary["recommender"]["blessed"] is summary["blessed"] is False
    assert any(
        reason.startswith("recommender: ndcg@10") and "worse than the last blessed model's" in reason
        for reason in summary["reasons"]
    )
    assert summary["pushed"] is None
    assert pushed(marquee) == before
    assert {"RankingTrainer", "RetrievalTrainer", "RankingEvaluator"} & executed(heavy.run) == set()


def assert_nothing_was_refit(run, summary, said):
    """The nodes ended well, hold no model, and the output says why."""
    for node in ("RankingRefit", "RetrievalRefit", "RecommenderRefit"):
        folder = run.output(node, "model").path
        assert [path.name for path in folder.iterdir()] == ["NOT_REFIT"]
        assert run.nodes[node].seconds < 20
    assert summary["measured"].startswith("nothing was refit: not every blessing was given")
    assert "nothing was refit" in " ".join(said.split())

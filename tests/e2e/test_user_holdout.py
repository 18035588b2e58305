"""A whole run on a split by users: those whom train does not know are judged by the histories they bring."""

import json

import pytest

from tests.marquee_process import Marquee, states

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def held_out(tmp_path_factory):
    marquee = Marquee(tmp_path_factory.mktemp("users") / "workspace")
    split = "data.split={kind: user_holdout, eval: 0.1, test: 0.1}"
    answer = marquee("run", "--config", "smoke", "--no-tune", "--set", split)
    assert answer.returncode == 0, answer.output
    return answer


def written(run, node, key, name):
    return json.loads((run.output(node, key).path / name).read_text())


def test_every_node_is_done_and_the_lists_are_blessed_or_refused_for_a_reason(held_out):
    assert "failed" not in states(held_out.run).values()
    assert states(held_out.run)["RunReport"] == "done"
    metrics = written(held_out.run, "RetrievalEvaluator", "evaluation", "metrics.json")
    assert metrics["eval"]["users"] == 20  # of 200
    assert metrics["reasons"]
    assert 0 < metrics["candidate"]["ndcg@10"] <= 1
    assert metrics["search"]["index_recall@100"] >= 0.9


def test_the_report_measures_the_lists_that_histories_bring(held_out):
    report = written(held_out.run, "RunReport", "report", "report.json")
    for name in ("retrieval", "retrieval_popularity", "recommender"):
        assert report[name]["users"] == 20
        assert 0 < report[name]["ndcg@10"] <= 1

"""Views, carts and purchases, learned by a multi-task kind: from the files to a served recommender."""

import json

import pytest

from tests.e2e.test_described_data import QUICK
from tests.marquee_process import Marquee, states
from tests.pipeline.inspection.shops import shop
from trainer.export.saved_model import SavedModel

pytestmark = pytest.mark.slow

CHANCES = {"chance_of_view", "chance_of_cart", "chance_of_purchase"}


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The workspace, and a run of the configuration that `inspect` wrote, with a multi-task model."""
    folder = tmp_path_factory.mktemp("shop")
    marquee = Marquee(folder / "workspace")
    looked = marquee("inspect", str(shop(folder / "shop")), "--out", str(folder / "mine.yaml"))
    assert looked.returncode == 0, looked.output
    options = [
        *QUICK,
        "ranking.model={kind: mmoe, dim: 4, experts: 2, expert: [8], tower: [4]}",
        "ranking.bless.bars={log_loss: {max: 10}, log_loss_of_purchase: {max: 10}}",
    ]
    done = marquee("run", "--config", str(folder / "mine.yaml"), *(p for o in options for p in ("--set", o)))
    assert done.returncode == 0, done.output
    return marquee, done


def test_each_type_is_judged_and_told(asked):
    _, answer = asked
    assert "failed" not in states(answer.run).values()
    folder = answer.run.output("RankingEvaluator", "evaluation").path
    verdicts = json.loads((folder / "verdicts.json").read_text())
    assert {"auc", "auc_of_view", "log_loss_of_purchase"} <= verdicts["candidate"].keys()
    assert "log_loss_of_purchase" in answer.output  # the reason of the blessing
    report = json.loads((answer.run.output("RunReport", "report").path / "report.json").read_text())
    assert report["events"].keys() == {"view", "cart", "purchase"}
    assert 0 < report["test"]["worth_ndcg@10"] <= 1
    assert "purchase, " in answer.output


def test_what_is_pushed_answers_each_type(asked):
    marquee, _ = asked
    pushed = marquee.workspace / "serving_models" / "ranking" / "1"
    with SavedModel(str(pushed)) as model:
        found = model.ask("rate_events", user_id=["nobody"], movie_id=["nothing"])
    assert found.keys() == {"user_rating", *CHANCES, "worth"}
    assert all(0 <= value[0] <= 1 for value in found.values())

"""From files that nobody described to a served recommender: `marquee inspect`, then `marquee run`."""

import json

import pytest
import yaml

from tests.marquee_process import Marquee, states
from tests.pipeline.inspection.shops import shop

#: Small and quick: the run is about the way of the data, and not about how good the models are.
QUICK = (
    "ranking.model={kind: mf, dim: 4, members: 2}",
    "ranking.train.epochs=3",
    "ranking.train.batch_size=500",
    "ranking.train.xla=false",
    "ranking.tune.enabled=false",
    "retrieval.model={kind: two_tower, dim: 8}",
    "retrieval.train.epochs=3",
    "retrieval.tune.enabled=false",
    "retrieval.bless.over_popularity={}",
    "recommender.bless.over_popularity={}",
    "ranking.bless.bars={log_loss: {max: 10}}",
    "temporal_check=never",
)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    """The workspace, the configuration that `inspect` wrote, and the run of it."""
    folder = tmp_path_factory.mktemp("shop")
    marquee = Marquee(folder / "workspace")
    mine = folder / "mine.yaml"
    looked = marquee("inspect", str(shop(folder / "shop")), "--out", str(mine))
    assert looked.returncode == 0, looked.output
    options = [part for each in QUICK for part in ("--set", each)]
    answer = marquee("run", "--config", str(mine), *options)
    assert answer.returncode == 0, answer.output
    return marquee, mine, answer


def test_inspect_describes_what_the_run_reads(asked):
    _, mine, _ = asked
    data = yaml.safe_load(mine.read_text())["data"]
    assert data["interactions"]["event"]["weights"].keys() == {"view", "cart", "purchase"}
    assert data["items"]["features"].keys() >= {"brand", "price", "tags"}
    assert data["users"]["features"].keys() >= {"country", "age"}


def test_the_chance_of_an_interaction_is_judged_against_sampled_negatives(asked):
    _, _, answer = asked
    assert "failed" not in states(answer.run).values()
    verdicts = json.loads(
        (answer.run.output("RankingEvaluator", "evaluation").path / "verdicts.json").read_text()
    )
    assert 0 < verdicts["candidate"]["auc"] <= 1
    assert verdicts["candidate"]["log_loss"] > 0
    assert "rmse" not in verdicts["candidate"]


def test_what_was_described_is_pushed_and_speaks_of_its_own_nouns(asked):
    marquee, mine, answer = asked
    pushed = marquee.workspace / "serving_models" / "recommender" / "1"
    described = json.loads((pushed / "assets.extra" / "description.json").read_text())
    assert described["feedback"] == "implicit"
    noun = (yaml.safe_load(mine.read_text())["data"].get("nouns") or {}).get("item", "item")
    assert described["nouns"]["item"] == noun
    report = (marquee.workspace / "reports" / answer.run.run_id / "report.html").read_text()
    assert f"{noun}s" in report
    assert " film" not in report.lower()


def test_products_that_nobody_touched_are_described(asked):
    _, _, answer = asked
    catalogue = answer.run.output("MovieLensExampleGen", "examples").path / "catalogue" / "items.tfrecord.gz"
    assert catalogue.stat().st_size > 0
    ingest = json.loads((catalogue.parent.parent / "ingest.json").read_text())
    assert ingest["joins"]

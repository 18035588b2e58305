"""From files that nobody described to a served recommender: `marquee inspect`, then `marquee run`."""

import json

import pyarrow.parquet as pq
import pytest
import yaml
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from serving.client import RestClient
from serving.client.recommendations import ask_for_user
from serving.contract import departures
from serving.data_words import description_of
from serving.names import Names
from serving.server.config import ServerConfig
from serving.server.server import EmbeddedServer
from tests.marquee_process import Marquee, states
from tests.pipeline.inspection.shops import shop
from trainer.data.examples import expand

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


NAMES = {
    "user": "customer_id",
    "item": "product_id",
    "title": "product_title",
    "rating": "interaction",
    "time": "timestamp",
    "words": "tags",
}
FEATURES = {"brand", "price", "tags", "country", "age"}


def test_examples_statistics_and_schema_have_the_shops_own_names(asked):
    _, mine, answer = asked
    assert yaml.safe_load(mine.read_text())["data"]["names"] == NAMES
    own = {name for role, name in NAMES.items() if role != "words"} | FEATURES | {"event"}

    import tensorflow as tf

    examples = answer.run.output("MovieLensExampleGen", "examples").path
    files = tf.data.TFRecordDataset(expand([f"{examples}/Split-train/*"]), "GZIP")
    found = tf.train.Example.FromString(next(iter(files)).numpy())
    assert set(found.features.feature) <= own
    assert set(found.features.feature) >= own - FEATURES

    folder = answer.run.output("StatisticsGen", "statistics").path / "Split-train"
    counted = statistics_pb2.DatasetFeatureStatisticsList.FromString(
        (folder / "FeatureStats.pb").read_bytes()
    )
    assert {feature.path.step[0] for feature in counted.datasets[0].features} == own

    from google.protobuf import text_format

    schema = text_format.Parse(mine.with_suffix(".pbtxt").read_text(), schema_pb2.Schema())
    assert {feature.name for feature in schema.feature} == own


def test_served_models_are_asked_and_answer_in_the_shops_own_names(asked):
    marquee, _, _ = asked
    models = marquee.workspace / "serving_models"
    names = Names.of(description_of(models / "recommender" / "1"))
    assert names == Names(*(NAMES[role] for role in ("user", "item", "title", "rating", "words")))
    with (
        EmbeddedServer(models, ServerConfig(rest_port=0, grpc_port=0)) as server,
        RestClient(server.rest_url) as client,
    ):
        for model in ("ranking", "retrieval", "recommender"):
            assert departures(model, client.metadata(model), names) == []
        raw = client.predict("recommender", {"customer_id": ["c1"]})
        about = client.predict("retrieval", {"product_id": raw["product_id"][0][:1]}, "describe")
        people = ask_for_user(client, "c1", 3, seen=False)
    assert sorted(raw) == ["interaction", "product_id", "product_title", "score"]
    assert raw["product_title"][0][0].startswith("Soap no. ")
    assert sorted(about) == ["product_title", "ratings", "tags"]
    assert people.names == names
    assert [*people.items[0].named(names)][:5] == [
        "rank",
        *(NAMES[r] for r in ("item", "title", "words", "rating")),
    ]


def test_a_bulk_run_writes_the_shops_own_names(asked, tmp_path):
    marquee, _, _ = asked
    said = marquee("bulk", "--out", str(tmp_path / "all"), "-k", "2")
    assert said.returncode == 0, said.output
    assert pq.read_table(tmp_path / "all" / "parquet").column_names == [
        *("customer_id", "rank", "product_id", "product_title", "interaction", "score")
    ]

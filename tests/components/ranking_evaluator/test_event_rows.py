"""Chances of types of events: measured by hand, and by the evaluator of a model that knows them."""

import json
import math

import numpy as np
import pytest

from components.ranking_evaluator.event_rows import EventRows
from components.run_report.chances import chance_errors
from components.run_report.predictions import Predictions
from pipeline.cli.printing.summary import _on_test
from pipeline.report.quality.events import of_types
from pipeline.store.data_words import words_of
from pipeline.store.measures import better
from pipeline.store.outcomes import shown
from tests.components.ranking_evaluator import judged
from tests.trainer import implicit
from trainer.data.catalogue import from_columns
from trainer.data.description import Description, Events
from trainer.data.features import EVENT
from trainer.data.pairs.pair_hash import pair_hashes
from trainer.data.pairs.trained_on import TrainedOn
from trainer.data.rating_data import RatingData
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import export_ranking
from trainer.training.ranking import RankingSettings, train_ranking

EVENTS = Events(weights={"view": 1, "buy": 4})
SHOP = Description(feedback="implicit", strength="weight", events=EVENTS)


def rows(**answers) -> EventRows:
    """A view and a negative of user 0, a purchase, a view and a negative of user 1."""
    columns = {
        name: {output: np.array(column, np.float64) for output, column in found.items()}
        for name, found in answers.items()
    }
    return EventRows(EVENTS, np.array([0, 0, 1, 1, 1]), np.array([1, 0, 2, 1, 0]), columns)


NEW = {
    "chance_of_view": [0.6, 0.3, 0.2, 0.5, 0.5],
    "chance_of_buy": [0.1, 0.1, 0.4, 0.2, 0.1],
    "worth": [0.25, 0.175, 0.45, 0.325, 0.225],
}
OLD = {**NEW, "chance_of_buy": [0.2, 0.1, 0.2, 0.3, 0.1]}


def test_a_row_is_an_event_of_its_own_type_alone():
    found = rows(candidate=NEW).measures("candidate")
    views = [0.6, 0.7, 0.8, 0.5, 0.5]  # of the label that is true
    assert found["log_loss_of_view"] == pytest.approx(-sum(map(math.log, views)) / 5)
    # Views 0.6 and 0.5 against 0.3, 0.2 and 0.5: in the right order 3 and 2.5 of 3 each.
    assert found["auc_of_view"] == pytest.approx(5.5 / 6)
    assert found["auc_of_buy"] == 1
    assert found["log_loss_of_buy"] == pytest.approx(-sum(map(math.log, (0.9, 0.9, 0.4, 0.8, 0.9))) / 5)


def test_a_type_that_does_not_occur_has_no_auc():
    without = EventRows(EVENTS, np.array([0, 0]), np.array([1, 0]), {"m": {k: np.ones(2) / 2 for k in NEW}})
    assert without.measures("m")["auc_of_buy"] is None


def test_the_order_by_worth_is_measured_by_the_weights_of_what_happened():
    found = rows(candidate=NEW)
    # User 0: the view comes first. User 1: purchase, view, negative: the best order. Both 1.
    assert found.worth_ndcg(found.answers["candidate"]["worth"]) == pytest.approx(1)
    turned = np.array([0.9, 0.1, 0.1, 0.9, 0.5])  # user 1: view, negative, purchase
    gained = (0.25 + 1 / math.log2(4)) / (1 + 0.25 / math.log2(3))
    assert found.worth_ndcg(turned) == pytest.approx((1 + gained) / 2)


def test_two_models_are_compared_by_each_type():
    found = rows(candidate=NEW, baseline=OLD).standard_errors("candidate", "baseline")
    assert found.keys() == {"log_loss_of_view", "auc_of_view", "log_loss_of_buy", "auc_of_buy"}
    assert found["log_loss_of_view"] == 0
    assert found["log_loss_of_buy"] > 0
    assert rows(candidate=NEW).standard_errors("candidate", "baseline") == {}


def test_measures_of_types_have_the_direction_of_their_family():
    assert better("ranking: log_loss_of_buy", 0.5, 0.4) is True
    assert better("ranking: auc_of_buy", 0.8, 0.7) is False
    assert list(shown({"auc_of_buy": 1, "log_loss": 2, "rows_of_x": 3})) == ["log_loss", "auc_of_buy"]


def test_report_and_summary_say_each_type():
    users, items = np.array([b"u", b"u", b"v", b"v", b"v"], object), np.array([b"a", b"b", b"a", b"b", b"c"])
    predicted = Predictions(
        users, items.astype(object), np.array([1.0, 0, 1, 1, 0]), np.array([0.7, 0.4, 0.6, 0.7, 0.6])
    )
    train = {"user_id": ["u", "v"], "movie_id": ["a", "b"], "user_rating": [1.0, 4.0], "timestamp": [1, 2]}
    catalogue = from_columns(train, Vocabularies.from_columns(train, SHOP))[1]
    found = chance_errors(predicted, catalogue, rows(ranking=NEW))
    assert found["events"]["view"]["events"] == 2
    assert found["events"]["buy"] == {
        "events": 1,
        "auc": 1.0,
        "log_loss": found["test"]["log_loss_of_buy"],
        "share_log_loss": pytest.approx(-(math.log(0.2) + 4 * math.log(0.8)) / 5),
    }
    part = of_types(found["events"], found["test"])
    assert [row[0] for row in part.blocks[1].rows] == ["view", "buy"]
    test = found | {"retrieval": None, "retrieval_popularity": None, "recommender": None}
    said = [text for _, text in _on_test(test, words_of(SHOP))]
    assert said[1].startswith("view, 2 times: log loss 0.")
    assert said[2].endswith("AUC 1.0000")


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A multi-task model as candidate, one of matrix factorization as baseline, and labelled rows."""
    folder = tmp_path_factory.mktemp("events")
    columns = implicit.columns()
    buys = [int(each[1:]) % 4 == 0 for each in columns["movie_id"]]
    columns[EVENT] = ["buy" if each else "view" for each in buys]
    columns["user_rating"] = [4.0 if each else 1.0 for each in buys]
    train, held_out = implicit.split(columns)
    ratings, catalogue = from_columns(train, Vocabularies.from_columns(train, SHOP))
    data = RatingData(ratings, None, catalogue)
    for name, model in (
        ("candidate", {"kind": "shared_bottom", "dim": 8, "bottom": [16], "tower": [8], "l2": 0}),
        ("baseline", {"kind": "mf", "dim": 4, "members": 1}),
    ):
        settings = {"model": model, "train": {"epochs": 8, "batch_size": 256, "learning_rate": 0.01}}
        trained = train_ranking(RankingSettings.of(settings, None), data).model
        export_ranking(trained, str(folder / name / "Format-Serving"))
        TrainedOn.of(pair_hashes(["somebody"], ["something"])).write(folder / name / "trained")
    positives = {"user_id": [], "movie_id": [], "user_rating": [], "event": [], "timestamp": []}
    items = sorted(set(columns["movie_id"]))
    for place, (user, item) in enumerate(zip(held_out["user_id"], held_out["movie_id"], strict=True)):
        for drawn in (item, items[place * 7 % len(items)]):
            positives["user_id"].append(user)
            positives["movie_id"].append(drawn)
            positives["user_rating"].append(float(drawn == item))
            positives["event"].append(held_out[EVENT][place] if drawn == item else None)
            positives["timestamp"].append(1)
    examples = judged.write(folder / "examples", positives)
    return judged.Case(folder / "candidate", folder / "baseline", examples, SHOP)


def test_the_evaluator_measures_each_type_beside_the_chance_of_an_interaction(case, tmp_path):
    folder = case.evaluated(tmp_path, "sums", baseline=True)
    found = json.loads((folder / "verdicts.json").read_text())
    assert {"log_loss", "auc", "auc_of_view", "log_loss_of_buy"} <= found["candidate"].keys()
    assert found["candidate"]["auc_of_buy"] > 0.8  # a purchase is told from views and negatives
    assert "auc_of_buy" not in found["baseline"]
    assert "auc_of_buy" not in found["change"]["baseline"]
    whole = json.loads((folder / "slices.json").read_text())["(all)"]["(all)"]["candidate"]
    assert whole["auc_of_buy"] == found["candidate"]["auc_of_buy"]

"""Multi-task models of several types of events: what they learn, answer, and order lists by."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from marquee.errors import ConfigError
from tests.trainer import implicit
from trainer.data.catalogue import from_columns
from trainer.data.description import Description
from trainer.data.features import EVENT, MOVIE_ID, USER_ID, USER_RATING
from trainer.data.implicit.negatives import Negatives
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import export_ranking
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.judging.recommender_in_memory import InMemoryRecommender
from trainer.models.ranking.registry import build
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.two_tower import TwoTower
from trainer.training.ranking import RankingSettings, train_ranking

WEIGHTS = {"view": 1.0, "Add to cart": 2.0, "purchase": 4.0}
CHANCES = ("chance_of_view", "chance_of_add_to_cart", "chance_of_purchase")
SHOP = Description(feedback="implicit", strength="weight", events={"weights": WEIGHTS})
SMALL = {"kind": "shared_bottom", "dim": 8, "bottom": [16], "tower": [8], "features": (), "dense": ()}


def told(columns):
    """Returns the columns with event types: of each item all are of one type but a few carts."""
    kinds = ["purchase" if int(each[1:]) % 4 == 0 else "view" for each in columns["movie_id"]]
    kinds = ["Add to cart" if place % 10 == 0 else kind for place, kind in enumerate(kinds)]
    return columns | {EVENT: kinds, USER_RATING: [WEIGHTS[kind] for kind in kinds]}


@pytest.fixture(scope="module")
def data():
    train, evaluation = implicit.split(told(implicit.columns()))
    vocabularies = Vocabularies.from_columns(train, SHOP)
    ratings, catalogue = from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)


def settings(**given):
    train = {"epochs": 1, "batch_size": 256, "patience": 0}
    return RankingSettings.of({"model": SMALL | given, "train": train, "negatives": 3}, None)


@pytest.fixture(scope="module")
def trained(data):
    chosen = settings(l2=0.0, event_weight=1.0)
    train = chosen.train.model_copy(update={"epochs": 12, "learning_rate": 0.01})
    return train_ranking(chosen.model_copy(update={"train": train}), data)


def test_event_types_are_codes_in_the_order_of_the_description(data):
    kinds = ["", *WEIGHTS]
    assert set(data.train.context[EVENT].tolist()) == {1, 2, 3}
    weights = [0.0, *WEIGHTS.values()]
    assert [weights[code] for code in data.train.context[EVENT]] == data.train.rating.tolist()
    shares = [np.mean(data.train.context[EVENT] == code) for code in range(1, len(kinds))]
    assert data.catalogue.event_share == pytest.approx(shares)
    assert sum(shares) == pytest.approx(1)


def test_negatives_have_no_event_type(data):
    drawn = Negatives.of(data.train, data.train, data.catalogue.users, 2)
    rows = drawn.with_negatives(data.train[:50], np.random.default_rng(0))
    assert rows.context[EVENT][:50].tolist() == data.train.context[EVENT][:50].tolist()
    assert len(rows) == 150
    assert not rows.context[EVENT][50:].any()


def untrained(data, **given):
    labelled = replace(
        data.catalogue,
        stars=np.array([0.0, 1.0], np.float32),
        star_share=np.array([0.75, 0.25]),
        event_share=(0.15, 0.05, 0.1),
    )
    return build(settings(**given).for_data(SHOP).model, labelled)


def test_the_loss_is_the_weighted_sum_of_the_log_losses_of_all_rows(data):
    model = untrained(data, event_weight=0.5, rating_weight=2.0)
    rows = {
        USER_ID: tf.constant([1, 2, 3, 4]),
        MOVIE_ID: tf.constant([4, 5, 6, 0]),
        USER_RATING: tf.constant([1.0, 1.0, 1.0, 0.0]),
        EVENT: tf.constant([1, 3, 3, 0]),
    }
    answers = {name: each.numpy() for name, each in model.rate_tasks(rows).items()}

    def log_loss(chances, labels):
        return -np.mean(np.log(np.where(labels, chances, 1 - chances)))

    labels = ([1, 0, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0])
    expected = 2 * log_loss(answers[USER_RATING], [1, 1, 1, 0])
    expected += 0.5 * sum(log_loss(answers[name], each) for name, each in zip(CHANCES, labels, strict=True))
    assert float(model.compute_loss(rows)) == pytest.approx(expected, rel=1e-4)


def test_before_training_a_chance_is_the_share_of_its_events(data):
    model = untrained(data)
    model.rate_tasks({USER_ID: tf.constant([1]), MOVIE_ID: tf.constant([2])})
    for name in model.towers.values():
        getattr(model, name).layers[-1].kernel.assign(tf.zeros((8, 1)))
    answers = model.rate_tasks({USER_ID: tf.constant([1]), MOVIE_ID: tf.constant([2])})
    found = {name: float(each[0]) for name, each in answers.items()}
    assert found == pytest.approx(
        {
            USER_RATING: 0.25,
            **dict(zip(CHANCES, (0.15, 0.05, 0.1), strict=True)),
            "worth": (1 * 0.15 + 2 * 0.05 + 4 * 0.1) / 4,
        },
        abs=1e-6,
    )


def test_each_type_is_told_from_the_others_and_from_negatives(data, trained):
    items = {int(name[1:]): row for row, name in enumerate(data.catalogue.vocabularies.movie_id, start=1)}
    users = tf.constant([1] * 2, tf.int32)
    answers = trained.model.rate_tasks({USER_ID: users, MOVIE_ID: tf.constant([items[0], items[2]])})
    bought, viewed = answers["chance_of_purchase"].numpy(), answers["chance_of_view"].numpy()
    assert bought[0] > 4 * bought[1]  # item 0 is bought, item 2 viewed
    assert viewed[1] > 4 * viewed[0]
    assert answers["worth"][0] > 2 * answers["worth"][1]
    assert trained.history[-1]["val_auc_of_purchase"] > 0.8
    every = sum(answers[name] for name in CHANCES).numpy()
    np.testing.assert_allclose(every, answers[USER_RATING], atol=0.1)
    assert trained.history[-1]["val_log_loss_of_view"] < 0.5


def test_what_is_served_is_what_was_trained(trained, tmp_path):
    export_ranking(trained.model, str(tmp_path / "model"))
    answers = trained_answers(trained.model)
    assert verify_export(str(tmp_path / "model"), answers) < 1e-5
    outputs = {each.signature: set(each.outputs) for each in answers}
    assert outputs["rate_events"] == outputs["event_examples"] == {USER_RATING, *CHANCES, "worth"}
    assert "rate_tasks" not in outputs
    assert outputs["serving_examples"] == {USER_RATING}


def test_lists_are_ordered_by_worth(data, trained):
    retrieval = TwoTower(TwoTowerConfig(dim=4), data.catalogue)
    users = np.arange(1, 6, dtype=np.int32)
    lists = InMemoryRecommender(trained.model, retrieval, candidates=60, rating_weight=1e6).lists(users, 20)
    for user, row in zip(users, lists, strict=True):
        pairs = {USER_ID: tf.fill([20], user), MOVIE_ID: tf.constant(row)}
        worth = trained.model.rate_tasks(pairs)["worth"].numpy()
        assert (np.diff(worth) <= 1e-5).all()


@pytest.mark.parametrize("kind", ["mmoe", "cgc", "ple"])
def test_every_multi_task_kind_has_a_task_for_each_type(kind, data):
    config = {"kind": kind, "dim": 4, "expert": [4], "tower": [4], "features": (), "dense": ()}
    chosen = RankingSettings.of({"model": config}, None).for_data(SHOP)
    model = build(chosen.model, data.catalogue)
    assert model.tasks == ("rating", *CHANCES)
    answers = model.rate_tasks({USER_ID: tf.constant([1, 0]), MOVIE_ID: tf.constant([0, 3])})
    assert {name: len(each) for name, each in answers.items()} == dict.fromkeys(
        (USER_RATING, *CHANCES, "worth"), 2
    )


def test_implicit_data_without_event_types_have_one_task_alone():
    with pytest.raises(ConfigError, match=r"without event types have one task alone.*"):
        settings().for_data(implicit.PLAYS)


def test_types_that_would_be_answered_alike_are_refused():
    with pytest.raises(ValidationError, match=r"'Buy' and 'buy!' would both be answered as chance_of_buy"):
        Description(feedback="implicit", events={"weights": {"Buy": 1, "buy!": 2}})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"context_features": {"event": {"type": "category"}}},
            "event is the name of the event type in tf.E",
        ),
        (
            {"user_features": {"event_type": {"type": "category"}}},
            "event_type is the name of a column of eve",
        ),
        ({"names": {"rating": "worth"}}, "names.rating: worth is the name of an answer of event types"),
        ({"names": {"title": "event"}}, "names.title: event is the name of the event type"),
    ],
)
def test_a_name_is_given_once(changed, said):
    with pytest.raises(ValidationError, match=said):
        Description.model_validate(SHOP.model_dump() | changed)

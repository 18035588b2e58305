"""Context of any type: words and vectors that are known when a request is made."""

import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from tests.trainer.eagerly import eagerly
from trainer.data.catalogue import from_columns, read_train
from trainer.data.count_vocabularies import count_vocabularies
from trainer.data.description import Description, Vector
from trainer.data.feature_options import unlearned_context
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.tables.context import MOST_WORDS, ContextLookup
from trainer.data.vocabularies import Vocabularies
from trainer.export.cold.items import ColdItems
from trainer.export.cold.mixed import Mixed
from trainer.export.ranking import export_ranking
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.models.layers.field_embeddings import FieldEmbeddings
from trainer.models.ranking.config import DcnConfig, MfConfig
from trainer.training.batches import batches, bytes_a_row
from trainer.training.config import TrainConfig
from trainer.training.ranking import RankingSettings, train_ranking

SEARCH = Description.model_validate(
    {
        "context_features": {
            "query": {"type": "text", "name": "search_text", "default": "cheap soap"},
            "filters": {"type": "categories", "default": ["new"]},
            "scene": {"type": "vector", "length": 2, "default": [1, 0]},
            "labels": {"type": "categories"},
            "look": {"type": "vector", "length": 3},
        }
    }
)
QUERIES = ("soap", "Soap, cheap!", "", "a soap soap", "?!")
FILTERS = (["new"], ["sale", "new"], [], ["sale", "sale"], [])
SCENES = ([0.5, 2.0], [0.0, 1.0], [], [0.0, 0.0], [3.0, 4.0])


@pytest.fixture(scope="module")
def columns():
    """100 ratings of 20 users and 10 films; a search for soap makes every rating a 5."""
    rows = range(100)
    return {
        "user_id": [f"u{row // 5}" for row in rows],
        "movie_id": [f"m{(row + row // 5) % 10}" for row in rows],
        "movie_title": [f"Film {(row + row // 5) % 10}" for row in rows],
        "user_rating": [5.0 if row % 5 in (0, 3) else 1.0 for row in rows],
        "timestamp": list(rows),
        "search_text": [QUERIES[row % 5] for row in rows],
        "filters": [FILTERS[row % 5] for row in rows],
        "scene": [SCENES[row % 5] for row in rows],
        "labels": [FILTERS[row % 5] for row in rows],
        "look": [[*SCENES[row % 5], 1.0][: 3 * bool(SCENES[row % 5])] for row in rows],
    }


@pytest.fixture(scope="module")
def data(columns):
    vocabularies = Vocabularies.from_columns(columns, SEARCH)
    ratings, catalogue = from_columns(columns, vocabularies)
    return RatingData(ratings, Ratings.from_columns(columns, vocabularies), catalogue)


def test_words_and_vectors_are_columns_with_their_defaults(data):
    words = data.catalogue.vocabularies.words
    assert words["query"] == ("soap", "a", "cheap")  # of 80, 20 and 20 times
    assert words["filters"] == ("sale", "new")  # of 60 and 40 times
    train = data.train[:5].context
    assert train["search_text"].tolist() == [[1, 0], [1, 3], [1, 3], [1, 2], [1, 3]]
    assert train["filters"].tolist() == [[2, 0], [1, 2], [2, 0], [1, 0], [2, 0]]
    assert train["labels"].tolist() == [[2, 0], [1, 2], [0, 0], [1, 0], [0, 0]]
    assert train["scene"].tolist() == [[0.5, 2], [0, 1], [1, 0], [1, 0], [3, 4]]
    assert train["look"].tolist() == [[0.5, 2, 1], [0, 1, 1], [0, 0, 0], [0, 0, 1], [3, 4, 1]]


def test_files_say_the_same_as_columns(columns, data, tmp_path, example):
    file = str(tmp_path / "train.gz")
    with tf.io.TFRecordWriter(file, "GZIP") as writer:
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(columns, values, strict=True))
            writer.write(example(**{name: value for name, value in row.items() if value not in ("", [])}))
    train, catalogue = read_train([file], count_vocabularies([file], SEARCH))
    assert catalogue.vocabularies.words == data.catalogue.vocabularies.words
    for name, column in data.train.context.items():
        np.testing.assert_array_equal(train.context[name], column)


def test_of_a_long_text_the_most_frequent_words_count():
    words = tuple(f"w{place}" for place in range(100))
    description = Description.model_validate({"context_features": {"query": {"type": "text"}}})
    vocabularies = Vocabularies(("u",), ("m",), {"query": words}, description)
    asked = tf.constant([" ".join(reversed(words)), "w99 w7 w7"])
    found = ContextLookup(vocabularies)({"query": asked})["query"].numpy()
    assert found.shape == (2, MOST_WORDS)
    assert found[0].tolist() == list(range(1, MOST_WORDS + 1))
    assert found[1, :3].tolist() == [8, 100, 0]


def test_splits_of_other_widths_are_joined(data):
    wide = Ratings.from_columns(
        {"user_id": ["u1"], "movie_id": ["m1"], "user_rating": [1.0], "search_text": ["a cheap soap"]},
        data.catalogue.vocabularies,
    )
    both = Ratings.joined(wide, data.train)
    assert both.context["search_text"][:2].tolist() == [[1, 2, 3], [1, 0, 0]]


def test_a_row_is_the_sum_of_its_words_by_their_root_and_a_vector_is_projected(data):
    fields = FieldEmbeddings(data.catalogue, ("query", "labels", "scene"), dim=2)
    tables = fields.tables()
    tables["query"].assign([[1.0, 0.0], [0.0, 10.0], [100.0, 3.0]])  # soap, a, cheap
    tables["labels"].assign([[1.0, 2.0], [3.0, 4.0]])
    tables["scene"].assign([[1.0, 2.0], [10.0, 20.0]])
    ids = {"user_id": tf.constant([1, 2, 3]), "movie_id": tf.constant([1, 2, 3])}
    asked = {
        "search_text": tf.constant([[1, 0], [1, 3], [0, 0]]),
        "labels": tf.constant([[2], [1], [0]]),
        "scene": tf.constant([[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]]),
    }
    found = fields(ids | asked)
    root = np.sqrt(2)
    np.testing.assert_allclose(found["query"], [[1, 0], [101 / root, 3 / root], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(found["labels"], [[3, 4], [1, 2], [0, 0]], rtol=1e-6)
    np.testing.assert_allclose(found["scene"], [[1, 2], [5.5, 11], [0, 0]], rtol=1e-6)
    default = fields(ids)  # cheap soap, no label, [1, 0]
    np.testing.assert_allclose(default["query"], [[101 / root, 3 / root]] * 3, rtol=1e-6)
    np.testing.assert_allclose(default["labels"], np.zeros((3, 2)))
    np.testing.assert_allclose(default["scene"], [[1, 2]] * 3, rtol=1e-6)


@pytest.mark.parametrize("in_memory", ["always", "never"])
def test_batches_hold_each_rows_own_context(data, in_memory):
    config = TrainConfig(batch_size=30, in_memory=in_memory, unknown_rate=0)
    first = batches(data.train, config)
    seen = 0
    for batch in first.starting_at(0).take(first.steps):
        places = batch["timestamp"].numpy()
        for name, column in data.train.context.items():
            np.testing.assert_array_equal(batch[name].numpy(), column[places])
        seen += len(places)
    assert seen == 100
    assert bytes_a_row(data.train) == 20 + 2 * 4 + 2 * 4 + 2 * 4 + 2 * 4 + 3 * 4


@pytest.mark.parametrize("kind", ["dcn", "mlp", "dlrm", "wide_deep", "deepfm", "mmoe"])
def test_every_kind_learns_words_and_vectors_of_context_and_is_served_as_trained(kind, data, tmp_path):
    settings = RankingSettings.of(
        {
            "model": {"kind": kind, "features": "all", "dim": 4},
            "train": {"epochs": 1, "batch_size": 50, "patience": 0},
        },
        None,
    )
    with eagerly():
        model = train_ranking(settings, data).model
        names = " ".join(model.weights_by_name())
        assert all(key in names for key in SEARCH.context_features)
        if kind != "dcn":
            return
        export_ranking(model, str(tmp_path / "model"))
        answers = trained_answers(model)
        assert verify_export(str(tmp_path / "model"), answers) < 1e-5
        [asked] = [each for each in answers if each.signature == "rate_in_context"]
        assert set(asked.inputs) == {"user_id", "movie_id", *map(SEARCH.name_of, SEARCH.context_features)}
        assert len({round(float(each), 5) for each in asked.outputs["user_rating"]}) > 10


def test_a_rating_follows_the_search(data):
    settings = RankingSettings.of(
        {
            "model": {"kind": "dcn", "features": ["query"], "dim": 4, "hidden": [16], "l2": 0},
            "train": {"epochs": 60, "batch_size": 50, "patience": 0, "learning_rate": 0.02},
        },
        None,
    )
    model = train_ranking(settings, data).model
    ids = {"user_id": tf.constant([1, 1]), "movie_id": tf.constant([1, 1])}
    soap, cheap = model({**ids, "search_text": tf.constant([[1, 0], [1, 3]])}).numpy()
    assert soap > 4 > 2 > cheap
    assert model(ids).numpy()[0] == pytest.approx(cheap, abs=1e-4)  # the default: cheap soap


def test_cold_items_keep_the_context_of_their_row(data):
    cold = ColdItems(data.catalogue, 5, np.array([[1, 2]], np.int32), np.array([[0.5, 0.5]], np.float32))
    asked = {"movie_id": tf.constant([3, 5]), "scene": tf.constant([[1.0, 10.0], [2.0, 20.0]])}
    rated = Mixed(cold).rated(
        lambda every: tf.cast(every["movie_id"], tf.float32) + every["scene"][:, 1], asked
    )
    assert rated.numpy().tolist() == [13, 21.5]


def test_only_kinds_without_context_leave_it_out():
    assert unlearned_context(DcnConfig(), SEARCH) == ""
    assert unlearned_context(MfConfig(), SEARCH).endswith("are not learned: mf learns no context")


def test_a_default_vector_has_the_described_length():
    with pytest.raises(ValidationError, match="default has 2 numbers: give 3, as length says"):
        Vector(length=3, default=(1, 2))

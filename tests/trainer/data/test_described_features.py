"""Features of any declared type: their tables, and models that learn from them."""

import numpy as np
import pytest
import tensorflow as tf

from marquee.errors import ConfigError, TrainingError
from tests.trainer.eagerly import eagerly
from trainer.data import catalogue as catalogues
from trainer.data.catalogue import read_train
from trainer.data.count_vocabularies import count_vocabularies
from trainer.data.description import Description
from trainer.data.examples import NO_MOMENT
from trainer.data.feature_options import check_features, named_crosses, named_numbers
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.tables.bins import binned
from trainer.data.tables.columns import titled
from trainer.data.tables.table import OneOf, SetOf
from trainer.data.vocabularies import Vocabularies
from trainer.export.described import Described
from trainer.export.ranking import export_ranking
from trainer.export.retrieval_server import described
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.models.layers.cross_weights import CrossWeights
from trainer.models.layers.numbers import Numbers
from trainer.models.layers.side_sums import SideSums
from trainer.models.ranking.config import DcnConfig, MlpConfig, WideDeepConfig
from trainer.models.ranking.dcn import Dcn
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.two_tower import TwoTower
from trainer.models.retrieval.visitors import words_of
from trainer.training.ranking import RankingSettings, train_ranking

SHOP = Description.model_validate(
    {
        "feedback": "explicit",
        "nouns": {"item": "article"},
        "user_features": {
            "country": {"type": "category"},
            "born": {"type": "number", "name": "year_of_birth", "bins": 4},
            "joined": {"type": "time", "bins": 3},
        },
        "item_features": {
            "brand": {"type": "category", "limit": 2},
            "tags": {"type": "categories", "name": "item_tags"},
            "price": {"type": "number", "boundaries": [10, 100], "labels": ["cheap", "fair", "dear"]},
            "summary": {"type": "text"},
            "image": {"type": "vector", "length": 3},
            "volume": {"type": "number", "of": "title", "pattern": r"(\d+) ml", "bin_width": 50},
        },
        "context_features": {
            "device": {"type": "category", "default": "web"},
            "basket": {"type": "number", "name": "basket_size", "bins": 3, "default": 2},
        },
    }
)
COUNTRIES, BRANDS = ("DE", "FR", None), ("Acme", "Acme", "Bolt", "Bolt", "Crux", "Dyno")


@pytest.fixture(scope="module")
def columns():
    """400 ratings of 40 users and 12 articles; user 0 and article 0 have no feature at all."""
    random = np.random.default_rng(3)
    user = np.concatenate([np.arange(40), random.integers(40, size=360)])
    item = np.concatenate([np.tile(np.arange(12), 4)[:40], random.integers(12, size=360)])
    vectors = random.normal(size=(12, 3)).astype(np.float32)
    return {
        "user_id": [f"u{each}" for each in user.tolist()],
        "movie_id": [f"a{each}" for each in item.tolist()],
        "user_rating": (1.0 + (user % 3 + item % 3)).tolist(),
        "timestamp": list(range(1000, 1400)),
        "movie_title": [f"Soap {each}, {100 + 30 * each} ml" if each else "Soap" for each in item.tolist()],
        "country": [COUNTRIES[each % 3] or "" if each else "" for each in user.tolist()],
        "year_of_birth": [1950.0 + each if each else None for each in user.tolist()],
        "joined": [int(each) * 86_400 if each else NO_MOMENT for each in user.tolist()],
        "device": ["web", "app", ""][0:3] * 133 + ["web"],
        "basket_size": [None if each % 7 == 0 else float(each % 5) for each in range(400)],
        "brand": [BRANDS[each % 6] if each else "" for each in item.tolist()],
        "item_tags": [["soft", "new"][: each % 3] if each else [] for each in item.tolist()],
        "price": [float(each * 12) if each else None for each in item.tolist()],
        "summary": [f"A Soft bar. word{each}" if each else "" for each in item.tolist()],
        "image": [vectors[each].tolist() if each else [] for each in item.tolist()],
    }


@pytest.fixture(scope="module")
def shop(columns):
    """The data as models are trained on it."""
    vocabularies = Vocabularies.from_columns(columns, SHOP)
    ratings, catalogue = catalogues.from_columns(columns, vocabularies)
    return RatingData(ratings, Ratings.from_columns(columns, vocabularies), catalogue)


def user(shop, name):
    return 1 + shop.catalogue.vocabularies.user_id.index(name)


def item(shop, name):
    return 1 + shop.catalogue.vocabularies.movie_id.index(name)


def test_each_type_has_a_table(shop):
    catalogue, attributes = shop.catalogue, shop.catalogue.attributes
    assert attributes.text("country", user(shop, "u2")) == []
    assert attributes.text("country", user(shop, "u3")) == ["DE"]
    assert attributes.text("country", user(shop, "u4")) == ["FR"]
    assert attributes.text("born", user(shop, "u1")) == ["below 1960.5"]
    assert attributes.text("joined", user(shop, "u39")) == ["1970-01-27T08:00:00 and over"]
    assert attributes.text("tags", item(shop, "a2")) == ["new", "soft"] or attributes.text(
        "tags", item(shop, "a2")
    ) == ["soft", "new"]
    assert attributes.text("tags", item(shop, "a3")) == []
    assert attributes.text("price", item(shop, "a1")) == ["fair"]  # 12
    assert attributes.text("price", item(shop, "a9")) == ["dear"]  # 108
    assert attributes.numbers("volume")[item(shop, "a2")] == 160
    assert catalogue.table("image").vectors[item(shop, "a0")].tolist() == [0, 0, 0]
    assert catalogue.table("image").vectors[item(shop, "a5")].any()
    for key in (*SHOP.user_features, *SHOP.item_features):
        table = catalogue.table(key)
        assert len(table.keys) == len(set(table.keys)) == table.weights().shape[1]
        assert not table.weights()[0][1:].any()  # the unknown user or article


def test_a_word_of_one_article_is_no_word(shop):
    assert set(shop.catalogue.table("summary").keys) == {"a", "soft", "bar"}
    assert shop.catalogue.attributes.text("summary", item(shop, "a0")) == []


def test_rare_words_of_a_category_share_rows_by_hash(shop):
    brands = shop.catalogue.table("brand")
    assert shop.catalogue.vocabularies.words["brand"] == ("Acme", "Bolt") or len(brands.keys) == 5
    ids = {name: brands.ids[item(shop, name)] for name in ("a0", "a1", "a2", "a4", "a5")}
    assert ids["a0"] == 0
    assert {ids["a1"], ids["a2"]} <= {1, 2, 3, 4}
    assert min(ids["a4"], ids["a5"]) > 0


def test_files_say_the_same_as_columns(columns, shop, tmp_path, example):
    file = str(tmp_path / "train.gz")
    with tf.io.TFRecordWriter(file, "GZIP") as writer:
        for values in zip(*columns.values(), strict=True):
            row = dict(zip(columns, values, strict=True))
            there = {name: value for name, value in row.items() if value not in (None, "", [], NO_MOMENT)}
            writer.write(example(**there))
    vocabularies = count_vocabularies([file], SHOP)
    _, catalogue = read_train([file], vocabularies)

    assert vocabularies.words == shop.catalogue.vocabularies.words
    for key in (*SHOP.user_features, *SHOP.item_features):
        np.testing.assert_array_equal(catalogue.table(key).weights(), shop.catalogue.table(key).weights())


def test_context_is_a_column_and_its_default_stands_for_what_is_missing(shop):
    device, basket = (shop.catalogue.context[key] for key in ("device", "basket"))
    assert device.keys == ("", "web", "app")
    assert shop.train.context["device"][:4].tolist() == [1, 2, 1, 1]  # the third is missing
    assert shop.train.context["basket_size"][:3].tolist() == [2, 1, 2]
    assert basket.keys[1].startswith("below")
    ids = tf.constant([1, 2], tf.int32)
    assert device.ids({}, ids).numpy().tolist() == [1, 1]
    np.testing.assert_array_equal(
        basket.ids({}, ids), basket.ids({"basket_size": tf.constant([2.0, 2.0])}, ids)
    )
    spread = basket.standardized({"basket_size": tf.constant(shop.train.context["basket_size"])}, ids)
    assert float(tf.reduce_mean(spread)) == pytest.approx(0, abs=1e-5)
    assert len(shop.train[:5].context["device"]) == 5
    assert len(Ratings.joined(shop.train, shop.train).context["device"]) == 800


def test_a_rating_depends_on_the_context_that_is_given(shop):
    model = Dcn(DcnConfig(dim=4, hidden=(4,)), shop.catalogue)
    ids = {"user_id": tf.constant([1]), "movie_id": tf.constant([1])}
    plain = float(model(ids)[0])
    web = float(model({**ids, "device": tf.constant([1]), "basket_size": tf.constant([2.0])})[0])
    app = float(model({**ids, "device": tf.constant([2]), "basket_size": tf.constant([2.0])})[0])
    assert plain == pytest.approx(web, rel=1e-6)
    assert app != web


def test_a_vector_of_another_length_is_refused(columns):
    wrong = {**columns, "image": [[1.0, 2.0]] * len(columns["image"])}
    with pytest.raises(TrainingError, match="image: a vector of 2 numbers; the description says 3"):
        catalogues.from_columns(wrong, Vocabularies.from_columns(wrong, SHOP))


def test_bins_too_narrow_are_refused():
    feature = SHOP.item_features["volume"].model_copy(update={"bin_width": 0.001})
    with pytest.raises(TrainingError, match=r"volume: a bin_width of 0\.001 makes"):
        binned("volume", feature, np.array([0.0, 1000.0]))


def test_a_category_of_the_title_has_the_titles_words():
    feature = Description.model_validate(
        {"item_features": {"size": {"type": "category", "of": "title", "pattern": r"(\w) size"}}}
    ).item_features["size"]
    table = titled("size", feature, np.array(["", "L size", "S size", "L size", "none"], object)).table()
    assert table.keys == ("", "L", "S")
    assert table.ids.tolist() == [0, 1, 2, 1, 0]


def test_sums_without_a_matrix_are_those_with_one():
    random = np.random.default_rng(0)
    ids = OneOf(random.integers(0, 4, 9).astype(np.int32), ("", "a", "b", "c"))
    sets = titled_sets(random)
    for table in (ids, sets):
        rows = tf.constant(random.normal(size=(len(table.keys), 2, 3)), tf.float32)
        wanted = SideSums(table)(rows, tf.range(9))
        np.testing.assert_allclose(SideSums(table, dense=0)(rows, tf.range(9)), wanted, atol=1e-6)


def titled_sets(random) -> SetOf:
    from trainer.data.tables.ragged import Ragged

    owners, words = random.integers(0, 9, 20), random.integers(0, 5, 20)
    return SetOf(Ragged.sets(owners, words, 9), tuple("abcde"))


def test_crosses_too_many_for_a_table_are_mixed_at_each_step(shop):
    pairs = [("user_id", "tags"), ("country", "movie_id"), ("born", "price")]
    tabled, mixed = (CrossWeights(shop.catalogue, pairs, 97, tabled=most) for most in (1 << 20, 0))
    users = tf.constant([user(shop, "u1"), user(shop, "u2"), 0], tf.int32)
    items = tf.constant([item(shop, "a2"), item(shop, "a3"), 0], tf.int32)
    for layer in (tabled, mixed):
        for weights in layer.trainable_variables:
            weights.assign(tf.ones(97))
    # Of weights of 1 the sum is √(words) for the first cross, and 1 for each of the others.
    wanted = [[np.sqrt(2) + 2], [2], [2]]
    for layer in (tabled, mixed):
        np.testing.assert_allclose(layer({"user_id": users, "movie_id": items}), wanted, rtol=1e-6)


def test_the_default_crosses_are_made_from_types():
    assert named_crosses(SHOP, "auto") == (
        ("user_id", "tags"),
        ("country", "movie_id"),
        ("born", "movie_id"),
    )


def test_numbers_are_clipped_where_nobody_declared_bins(columns):
    far = {**columns, "year_of_birth": [v and (1e9 if v == 1951 else v) for v in columns["year_of_birth"]]}
    _, catalogue = catalogues.from_columns(far, Vocabularies.from_columns(far, SHOP))
    layer = Numbers(catalogue, named_numbers(SHOP, "all"))
    assert layer.features == ("born", "joined", "activity", "price", "volume", "popularity", "basket")
    found = layer({"user_id": tf.range(1, 41), "movie_id": tf.ones(40, tf.int32)}).numpy()
    assert np.abs(found).max() < 8
    assert found[:, 1].std() > 0.5


@pytest.mark.parametrize("kind", ["mf", "mlp", "dcn", "deepfm", "mmoe"])
def test_every_kind_learns_from_every_type_and_is_served_as_trained(kind, shop, tmp_path):
    options = {} if kind == "mf" else {"dim": 4}
    options |= {} if kind in ("mf", "mlp") else {"dense": "all"}
    chosen = RankingSettings.of(
        {
            "model": {"kind": kind, "features": "all", **options},
            "train": {"epochs": 1, "batch_size": 100, "patience": 0},
        },
        None,
    )
    with eagerly():
        model = train_ranking(chosen, shop).model
        names = " ".join(model.weights_by_name())
        assert all(key in names for key in ("country", "tags", "summary", "image", "volume"))
        if kind == "dcn":
            export_ranking(model, str(tmp_path / "model"))
            answers = trained_answers(model)
            assert verify_export(str(tmp_path / "model"), answers) < 1e-5
            [slices] = [answer.outputs for answer in answers if answer.signature == "slices"]
            assert set(slices) == {"price_group", "activity"}
            [asked] = [each.inputs for each in answers if each.signature == "rate_in_context"]
            assert set(asked) == {"user_id", "movie_id", "device", "basket_size"}


def test_towers_and_visitors_use_every_type(shop):
    model = TwoTower(TwoTowerConfig(dim=4), shop.catalogue)
    assert {"item_tower/image", "item_tower/summary", "user_tower/joined"} <= set(model.weights_by_name())
    assert model.item_vectors(tf.range(shop.catalogue.movies)).shape == (13, 5)
    assert words_of(shop.catalogue).shape == (13, 2)
    assert sorted(described(shop.catalogue)[item(shop, "a2")].split("|")) == ["new", "soft"]


def test_what_a_model_was_told_is_kept_beside_it(shop, tmp_path):
    Described.of(shop.catalogue).write(tmp_path)
    found = Described.read(tmp_path)
    assert found.description == SHOP
    assert (found.values["country"], found.values["tags"], found.values["price"]) == (2, 2, 3)
    assert "image" not in found.values
    assert Described.read(tmp_path / "nothing") is None


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (DcnConfig(features=("colour",)), "model.features = .colour.: the data has no feature colour"),
        (DcnConfig(dense=("country",)), "country is a feature of the user of type category"),
        (WideDeepConfig(crosses=(("tags", "movie_id"),)), "tags is a feature of the item"),
        (TwoTowerConfig(features=("time",)), "no feature time"),
        (
            TwoTowerConfig(features=("device",)),
            "device is a context feature, which this option",
        ),
    ],
)
def test_a_name_that_is_no_feature_is_refused(model, said):
    with pytest.raises(ConfigError, match=said):
        check_features(model, SHOP)


def test_known_names_are_accepted():
    check_features(MlpConfig(features=("country", "time")), SHOP)
    check_features(DcnConfig(dense=("time", "price", "activity")), SHOP)

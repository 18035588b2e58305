import math
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import TrainingError
from trainer.data import catalogue as catalogues
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.measures import LIST_MEASURES, QUALITY_MEASURES
from trainer.evaluation.metrics import ranked_lists
from trainer.evaluation.popularity import popular_lists
from trainer.evaluation.quality import judge, measure
from trainer.export.retrieval import export_retrieval
from trainer.export.saved_model import SavedModel
from trainer.judging.search import search_quality, shares_found
from trainer.judging.vectors import Vectors
from trainer.models.retrieval.config import TwoTowerConfig
from trainer.models.retrieval.registry import build

# Vocabularies by falling frequency: films a b c d e are 1 to 5, users u2 u4 u1 u3 are 1 to 4.
TRAIN = {"u1": "ab", "u2": "abc", "u3": "ac", "u4": "ade"}
EVAL = {"u1": "cd", "u2": "e", "u3": "bx", "u5": "a"}  # neither x nor u5 is in train
GENDER = {"u1": "F", "u2": "M", "u3": "F", "u4": "M", "u5": "M"}
AGE = {"u1": 20.0, "u2": 30.0, "u3": 20.0, "u4": 30.0, "u5": 30.0}

# User 2 prefers e to d, and everybody else is as popularity has it: lists e d, c d e and b d e.
TASTE = np.array([[0] * 6, [0, 5, 4, 3, 1, 2], [0, 5, 4, 3, 2, 1], [0, 5, 4, 3, 2, 1], [0, 5, 4, 3, 2, 1]])
LOG3 = math.log2(3)


def columns(watched, demographics=True, stars=4.0):
    pairs = [(user, film) for user, films in watched.items() for film in films]
    found = {
        "user_id": [user for user, _ in pairs],
        "movie_id": [film for _, film in pairs],
        "user_rating": [stars] * len(pairs),
        "movie_title": [f"{film} (1990)" for _, film in pairs],
    }
    if demographics:
        found["user_gender"] = [GENDER[user] for user, _ in pairs]
        found["raw_user_age"] = [AGE[user] for user, _ in pairs]
    return found


def question(evaluation=EVAL, min_rating=None, **options):
    train = columns(TRAIN, **options)
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    _, catalogue = catalogues.from_columns(train, vocabularies)
    return HeldOut.of(Ratings.from_columns(columns(evaluation), vocabularies), catalogue, min_rating)


@pytest.fixture(scope="module")
def held_out():
    return question()


def taste(users):
    return TASTE[users].astype(np.float32)


def test_every_user_is_asked_whom_train_knows_and_who_has_something_to_find(held_out):
    assert held_out.users.tolist() == [1, 3, 4]  # u2, u1, u3
    assert [sorted(held_out.positives[user]) for user in held_out.users] == [[5], [3, 4], [0, 2]]
    assert held_out.strangers == 1


def test_the_lists_are_the_best_of_what_was_not_watched(held_out):
    lists = measure(taste, held_out).lists[:, :4]
    assert lists.tolist() == [[5, 4, -1, -1], [3, 4, 5, -1], [2, 4, 5, -1]]


def test_the_means_are_those_computed_by_hand(held_out):
    found = measure(taste, held_out).means()

    assert list(found) == list(QUALITY_MEASURES)
    # u2 and u1 have all of theirs in front; u3 has one of two, in front.
    assert found["recall@10"] == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert found["ndcg@10"] == pytest.approx((1 + 1 + 1 / (1 + 1 / LOG3)) / 3)
    assert found["map@100"] == pytest.approx((1 + 1 + 1 / 2) / 3)
    assert found["mrr@20"] == found["hit_rate@50"] == 1
    assert found["coverage@10"] == 4 / 5  # nobody is shown a, which all have seen
    # e d, c d e, b d e; b and c have two ratings, d and e one; train has four users.
    assert found["mean_popularity@10"] == pytest.approx((6 * 1 + 2 * 2) / 8)
    assert found["novelty@10"] == pytest.approx((6 * 2 + 2 * 1) / 8)
    # Times shown, sorted: 0 1 1 3 3.
    assert found["gini@100"] == pytest.approx((-4 * 0 - 2 * 1 + 0 * 1 + 2 * 3 + 4 * 3) / (5 * 8))
    assert held_out.chosen_popularity() == pytest.approx((2 + 1 + 1 + 2) / 4)  # c d, e, b


def test_popularity_is_train_s_counts_and_leaves_out_what_was_watched(held_out):
    quality = judge(popular_lists(held_out), held_out)

    assert quality.lists[:, :3].tolist() == [[4, 5, -1], [3, 4, 5], [2, 4, 5]]  # d and e are equal
    assert quality.by_user["ndcg@10"].tolist() == pytest.approx([1 / LOG3, 1, 1 / (1 + 1 / LOG3)])


@pytest.mark.parametrize("k", [1, 10, 100])
def test_popularity_s_lists_are_those_of_sorting_its_counts_for_each_user(data, k):
    asked = HeldOut.of(data.evaluation, data.catalogue)
    counts = asked.popularity.astype(np.float32)
    sorted_out = ranked_lists(
        lambda users: np.tile(counts, (len(users), 1)), asked.users, k, data.catalogue.watched
    )
    films = data.catalogue.movies - 1
    np.testing.assert_array_equal(popular_lists(asked, k, block=7), sorted_out[:, :films])


def test_the_users_differences_have_a_standard_error(held_out):
    model, popularity = measure(taste, held_out), judge(popular_lists(held_out), held_out)
    gain = 1 - 1 / LOG3  # of u2 alone
    change = model.change(popularity)["ndcg@10"]

    assert change["mean"] == pytest.approx(gain / 3)
    assert change["standard_error"] == pytest.approx(np.std([gain, 0, 0], ddof=1) / math.sqrt(3))
    assert model.standard_errors()["recall@10"] == pytest.approx(np.std([1, 1, 0.5], ddof=1) / math.sqrt(3))


def test_slices_are_by_activity_gender_and_age_group(held_out):
    groups = held_out.groups()
    places = {
        (feature, value): rows.tolist() for feature in groups for value, rows in groups[feature].items()
    }
    assert places == {
        ("activity", "light"): [1, 2],
        ("activity", "medium"): [0],
        ("gender", "M"): [0],
        ("gender", "F"): [1, 2],
        ("age_group", "18-24"): [1, 2],
        ("age_group", "25-34"): [0],
    }
    within = measure(taste, held_out).within(groups["gender"]["F"])
    assert within["recall@10"] == (1 + 1 / 2) / 2
    assert set(within) == set(LIST_MEASURES)


def test_features_that_the_data_lacks_are_no_slices():
    assert list(question(demographics=False).groups()) == ["activity"]


def test_the_recall_curve_rises_with_every_k(held_out):
    curve = measure(taste, held_out).recall_curve
    # k = 1: e of e; c of c, d; b of b and one that nobody can find. k = 2: d as well.
    assert curve[:3].tolist() == pytest.approx([(1 + 1 / 2 + 1 / 2) / 3, (1 + 1 + 1 / 2) / 3, 2.5 / 3])
    assert len(curve) == 100


def test_exposure_says_how_much_the_rarest_films_are_shown(held_out):
    # Rarest first: d, e, b, c, a. The first of each list: e, c, b.
    assert measure(taste, held_out).exposure(k=1, groups=5) == pytest.approx([0, 1 / 3, 1 / 3, 1 / 3, 0])


def test_lists_that_somebody_else_made_are_judged_at_their_own_length(held_out):
    quality = judge(np.array([[5], [1], [2]], np.int32), held_out, ks=(10,))
    assert quality.by_user["recall@10"].tolist() == [1, 0, 1 / 2]
    assert {name.split("@")[1] for name in quality.means()} == {"10"}


def test_blocks_change_nothing(held_out):
    assert measure(taste, held_out, block=1).means() == measure(taste, held_out).means()


def test_only_ratings_of_enough_stars_are_positives():
    with pytest.raises(TrainingError, match=r"5 ratings holds no positive"):
        question({"u1": "cd", "u2": "e", "u3": "bx"}, min_rating=4.5)
    assert len(question(min_rating=4.0).users) == 3


def test_a_film_watched_in_train_is_nothing_to_be_found():
    assert question({"u1": "ab", "u2": "e"}).users.tolist() == [1]


@pytest.fixture(scope="module")
def exported(data, tmp_path_factory):
    model = build(TwoTowerConfig(dim=8), data.catalogue)
    model.user_vectors(tf.constant([0]))  # builds it; untrained is good enough to compare with
    path = str(tmp_path_factory.mktemp("export") / "1")
    export_retrieval(model, path, "exact")
    return model, path


def test_an_exported_model_s_vectors_score_as_the_model_itself(exported, data):
    model, path = exported
    users = np.arange(data.catalogue.users, dtype=np.int32)
    with SavedModel(path) as loaded:
        vectors = Vectors.read(loaded, data.catalogue.vocabularies)
    found = vectors.scores(users)[:, 1:]

    np.testing.assert_allclose(found, model.scores(users)[:, 1:], atol=1e-5)
    assert vectors.known.tolist() == [False] + [True] * (data.catalogue.movies - 1)


def test_the_search_of_an_exported_model_is_measured(exported, data):
    _, path = exported
    users = np.arange(1, data.catalogue.users, dtype=np.int32)
    with SavedModel(path) as loaded:
        vectors = Vectors.read(loaded, data.catalogue.vocabularies)
        found = search_quality(loaded, vectors, data.catalogue, users)

    assert found["items"] == data.catalogue.movies - 1
    assert found["index_recall@100"] == 1
    assert 0 < found["search_p50_ms"] <= found["search_p99_ms"]


def test_cold_films_in_a_list_are_no_mistakes_of_the_index():
    vocabularies = SimpleNamespace(movie_id=tuple(f"m{film}" for film in range(150)))
    catalogue = SimpleNamespace(vocabularies=vocabularies)
    scores = np.arange(150, 0, -1, dtype=np.float32)[None]  # m0 is the best
    cold, best = [f"new {each}".encode() for each in range(5)], [f"m{film}".encode() for film in range(100)]

    def share(films):
        return shares_found(np.array([films], object), scores, catalogue).tolist()

    assert share(best) == [1]
    assert share([*cold, *best[:95]]) == [1]
    assert share([*cold, *best[:94], b"m149"]) == [pytest.approx(94 / 95)]
    assert share([*best[:99], b""]) == [0.99]


def test_a_signature_that_the_model_lacks_is_named_beside_those_it_has(exported):
    with SavedModel(exported[1]) as model:
        with pytest.raises(TrainingError, match=r"has no signature rate_ids\.(.|\n)*retrieve"):
            model.ask("rate_ids", user_id=["u1"])
        with pytest.raises(TrainingError, match=r"retrieve of .* takes k, user_id, not user_id"):
            model.ask("retrieve", user_id=["u1"])


def test_a_sample_of_users_stays_the_same_and_brings_its_positives_alone(data):
    whole = HeldOut.of(data.evaluation, data.catalogue)
    few = whole.sampled(20)
    assert (len(few.users), few.left_out, whole.left_out) == (20, len(whole.users) - 20, 0)
    assert set(few.users) < set(whole.users)
    for row in (0, *whole.users):
        expected = whole.positives[row] if row in few.users else []
        np.testing.assert_array_equal(few.positives[row], expected)
    assert set(whole.sampled(10).users) < set(few.users)  # fewer are a part of the same
    assert whole.sampled(None) is whole
    assert whole.sampled(len(whole.users)) is whole

"""A split by users: each of eval's is judged by the first of their ratings, the rest is to be found."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from trainer.data.catalogue import from_columns
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.held_out_users import HeldOutUsers
from trainer.evaluation.quality import LONGEST, judge
from trainer.export.retrieval import export_retrieval
from trainer.export.saved_model import SavedModel
from trainer.judging.by_history import ByHistory
from trainer.models.retrieval.histories import once
from trainer.training.retrieval import RetrievalSettings, evaluation, train_retrieval


@pytest.fixture(scope="module")
def split_by_user(columns, write_examples, tmp_path_factory):
    """Train of 60 users; eval of the other 20 in a file, one of whom has a single rating."""
    number = np.array([int(user[1:]) for user in columns["user_id"]])
    learned, asked = np.flatnonzero(number < 60), np.flatnonzero(number >= 60)
    only = asked[number[asked] == 79]
    asked = np.setdiff1d(asked, only[1:])
    train, rest = (
        {name: [each[row] for row in rows] for name, each in columns.items()} for rows in (learned, asked)
    )
    file = str(tmp_path_factory.mktemp("users") / "eval.gz")
    write_examples(file, rest)
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    ratings, catalogue = from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(rest, vocabularies), catalogue, [file]), rest


def test_each_users_first_ratings_are_the_history_and_the_rest_is_asked_for(split_by_user):
    data, columns = split_by_user
    users = HeldOutUsers.read(data.eval_files, data.catalogue)
    vocabularies = users.catalogue.vocabularies

    assert vocabularies.user_id == tuple(sorted(set(columns["user_id"])))
    assert vocabularies.movie_id == data.catalogue.vocabularies.movie_id
    place = {film: row for row, film in enumerate(vocabularies.movie_id, start=1)}
    for row, name in enumerate(vocabularies.user_id, start=1):
        mine = sorted(
            (time, place[film])
            for user, film, time in zip(
                columns["user_id"], columns["movie_id"], columns["timestamp"], strict=True
            )
            if user == name
        )
        first = min(int(np.ceil(0.8 * len(mine))), len(mine) - 1)
        assert users.catalogue.watched[row].tolist() == [film for _, film in mine[:first]]
        assert sorted(users.rest.movie[users.rest.user == row]) == sorted(film for _, film in mine[first:])
    assert len(users.catalogue.watched[vocabularies.user_id.index("u79") + 1]) == 0


def test_ratings_of_one_time_are_parted_in_one_way_whatever_their_order(split_by_user):
    data, _ = split_by_user
    ratings = HeldOutUsers.read(data.eval_files, data.catalogue).rest
    same = Ratings(ratings.user, ratings.movie, ratings.rating, np.zeros_like(ratings.timestamp))
    order = np.random.default_rng(0).permutation(len(same))
    catalogue = HeldOutUsers.read(data.eval_files, data.catalogue).catalogue
    one, other = (HeldOutUsers.of(each, catalogue, 60, 0.5) for each in (same, same[order]))

    np.testing.assert_array_equal(one.rest.movie, other.rest.movie)
    np.testing.assert_array_equal(one.catalogue.watched.values, other.catalogue.watched.values)


def test_users_whom_train_knows_are_not_held_out(data, files):
    assert HeldOutUsers.read([str(files / "eval.gz")], data.catalogue) is None
    assert HeldOut.of_split(data.evaluation, [str(files / "eval.gz")], data.catalogue).met


@pytest.fixture(scope="module")
def trained(split_by_user, tmp_path_factory):
    data, _ = split_by_user
    settings = RetrievalSettings.of(
        {"model": {"kind": "two_tower", "dim": 8}, "train": {"epochs": 2, "batch_size": 250}}, None
    )
    result = train_retrieval(settings, data)
    path = str(tmp_path_factory.mktemp("export") / "1")
    export_retrieval(result.model, path)
    return SimpleNamespace(result=result, path=path)


def test_training_stops_early_by_their_histories(trained, split_by_user):
    data, _ = split_by_user
    logs = trained.result.history[-1]
    assert 0 < logs["val_ndcg@10"] <= 1
    found = evaluation(data)(trained.result.model)
    assert found["ndcg@10"] == pytest.approx(
        trained.result.history[trained.result.best_epoch - 1]["val_ndcg@10"]
    )


def test_an_exported_model_is_judged_by_what_it_answers_their_histories_with(trained, split_by_user):
    data, _ = split_by_user
    held_out = HeldOut.of_split(data.evaluation, data.eval_files, data.catalogue)
    assert not held_out.met
    assert len(held_out.users) == 20
    visitors = trained.result.model.visitors()
    histories = once(held_out.catalogue.watched.of(held_out.users))
    scores = visitors.scores(tf.RaggedTensor.from_row_splits(histories.values, histories.splits)).numpy()
    with SavedModel(trained.path) as model:
        asked = ByHistory(model, "candidates_for_history", held_out)
        lists, every = asked.lists(LONGEST), asked.scores(held_out.users[:3])
        model._signatures = {  # an older version, which takes titles alone
            name: each for name, each in model._signatures.items() if name != "candidates_for_history"
        }
        np.testing.assert_array_equal(
            ByHistory(model, "candidates_for_history", held_out).lists(LONGEST), lists
        )
    for row, user in enumerate(held_out.users):
        history = held_out.catalogue.watched[user]
        best = [film for film in 1 + np.argsort(-scores[row], kind="stable") if film not in history]
        shown = lists[row][lists[row] > 0]
        np.testing.assert_allclose(scores[row][shown - 1], scores[row][np.array(best) - 1], atol=1e-5)
        if row < 3:
            there = np.isfinite(every[row])
            assert set(np.flatnonzero(there)) == set(best)
            np.testing.assert_allclose(every[row][there], scores[row][np.flatnonzero(there) - 1], atol=1e-5)
    quality = judge(lists, held_out)
    assert 0 < quality.means()["ndcg@10"] <= 1
    assert set(held_out.groups()) == {"activity"}

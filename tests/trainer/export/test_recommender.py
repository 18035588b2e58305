"""Recommenders of parts small enough to work out by hand, and of really trained ones."""

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import httpx
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from marquee.errors import TrainingError
from serving.client import GrpcClient, RestClient
from serving.contract import OF_USER, departures
from serving.errors import StatusError
from serving.server.config import ServerConfig
from serving.server.model import LoadedModel
from serving.server.server import EmbeddedServer
from tests.trainer.eagerly import eagerly
from trainer.export.answers import write_answers
from trainer.export.recommender import RATING_WEIGHT, assemble
from trainer.export.retrieval import export_retrieval
from trainer.export.verify import verify_export
from trainer.judging.recommender_in_memory import InMemoryRecommender
from trainer.training.retrieval import RetrievalSettings, train_retrieval

STRINGS, ROWS = tf.TensorSpec([None], tf.string), tf.TensorSpec([None, None], tf.string)
K, FLAG = tf.TensorSpec(None, tf.int32, name="k"), tf.TensorSpec(None, tf.bool, name="exclude_seen")
WEIGHT = tf.TensorSpec([None, None], tf.float32, name="weight")
FILMS = ["m1", "m2", "m3", "m4"]
TITLES = ["One (1991)", "Two (1992)", "Three (1993)", "Four (1994)"]
# Rows: somebody unknown, ann, bob; columns: the films.
NEARNESS = np.array([[4, 3, 2, 1], [1, 0.9, 0.8, 0.1], [0, 1, 2, 3]], np.float32)
SEEN = np.array([[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0]], bool)
STARS = np.array([[3, 3.5, 4, 4.5], [1, 2, 5, 3], [3, 3, 3, 3]], np.float32)


def lookup(keys, name):
    places = tf.range(1, len(keys) + 1, dtype=tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, places), 0, name=name)


class Ranking(tf.Module):
    """Stars by a table; users and films stand in it in the other order than retrieval has them."""

    def __init__(self):
        super().__init__()
        self.users, self.films = lookup(["bob", "ann"], "users"), lookup(FILMS[::-1], "films")
        unknown_film = np.array([[2.5]] * 3, np.float32)
        self.table = tf.Variable(np.hstack([unknown_film, STARS[[0, 2, 1], ::-1]]), name="table")

    @tf.function
    def rate_ids(self, user_id, movie_id):
        places = tf.stack([self.users.lookup(user_id), self.films.lookup(movie_id)], axis=1)
        return {"user_rating": tf.gather_nd(self.table, places)}


class Retrieval(tf.Module):
    """Nearness by a table; of a history, each film puts the next one 10 nearer."""

    def __init__(self):
        super().__init__()
        self.users, self.films = lookup(["ann", "bob"], "users"), lookup(TITLES, "films")
        self.ids = lookup(FILMS, "ids")
        self.table = tf.Variable(NEARNESS, name="table")
        self.unused = tf.Variable(tf.zeros([50_000]), name="unused")

    @tf.function
    def candidates(self, user_id, k, exclude_seen):
        user = self.users.lookup(user_id)
        seen = tf.gather(tf.constant(SEEN), user) & tf.reshape(exclude_seen, [-1, 1])
        return self._best(tf.gather(self.table, user), seen, k)

    @tf.function
    def candidates_from_history(self, movie_title, k):
        named = tf.reduce_max(tf.one_hot(self.films.lookup(movie_title), 5), axis=1)[:, 1:]
        return self._best(self.table[0] + 10 * tf.roll(named, 1, axis=1), named > 0, k)

    @tf.function
    def candidates_for_history(self, movie_id, weight, k):
        films = tf.one_hot(self.ids.lookup(movie_id), 5)[..., 1:]
        gone = tf.reduce_max(films, axis=1) > 0
        liked = tf.reduce_sum(films * weight[..., None], axis=1)
        return self._best(self.table[0] + 10 * tf.roll(liked, 1, axis=1), gone, k)

    @tf.function
    def other(self, user_id):
        return {"number": tf.gather(self.unused, self.users.lookup(user_id))}

    def _best(self, scores, gone, k):
        left = tf.reduce_max(4 - tf.reduce_sum(tf.cast(gone, tf.int32), axis=1))
        best = tf.math.top_k(tf.where(gone, -np.inf, scores), tf.minimum(tf.maximum(k, 1), left))
        some = best.values > -np.inf
        return {
            "movie_id": tf.where(some, tf.gather(tf.constant(FILMS), best.indices), ""),
            "movie_title": tf.where(some, tf.gather(tf.constant(TITLES), best.indices), ""),
            "score": tf.where(some, best.values, 0.0),
        }


def named(spec, name):
    return tf.TensorSpec(spec.shape, spec.dtype, name)


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parts")
    user_id, movie_id, history = (
        named(STRINGS, "user_id"),
        named(STRINGS, "movie_id"),
        named(ROWS, "movie_title"),
    )
    ranking, retrieval = Ranking(), Retrieval()
    tf.saved_model.save(
        ranking,
        str(folder / "ranking"),
        {"rate_ids": ranking.rate_ids.get_concrete_function(user_id, movie_id)},
    )
    tf.saved_model.save(
        retrieval,
        str(folder / "retrieval"),
        {
            "candidates": retrieval.candidates.get_concrete_function(user_id, K, FLAG),
            "candidates_from_history": retrieval.candidates_from_history.get_concrete_function(history, K),
            "candidates_for_history": retrieval.candidates_for_history.get_concrete_function(
                named(ROWS, "movie_id"), WEIGHT, K
            ),
            "other": retrieval.other.get_concrete_function(user_id),
        },
    )
    (folder / "retrieval" / "assets.extra").mkdir()
    (folder / "retrieval" / "assets.extra" / "user_ids.txt").write_text("ann\nbob\n")
    return folder


@pytest.fixture(scope="module")
def made(parts, tmp_path_factory):
    """A recommender of the hand-made parts, in which a star counts for half a point."""
    path = tmp_path_factory.mktemp("served") / "recommender" / "1"
    answers = assemble(parts / "ranking", parts / "retrieval", path, candidates=3, rating_weight=0.5)
    model = LoadedModel(path)
    yield SimpleNamespace(path=path, answers=answers, model=model)
    model.close()


@pytest.fixture(scope="module")
def trained(data, kinds, tmp_path_factory):
    """A recommender of trained models, ten candidates."""
    folder = tmp_path_factory.mktemp("trained")
    settings = RetrievalSettings.of(
        {"model": {"kind": "two_tower", "dim": 8}, "train": {"epochs": 1, "batch_size": 1250}}, None
    )
    with eagerly():
        retrieval = train_retrieval(settings, data).model
    ranking = kinds.model("mlp")
    kinds.exported("mlp", folder / "ranking")
    export_retrieval(retrieval, str(folder / "retrieval"), "exact")
    path = folder / "recommender"
    answers = assemble(folder / "ranking", folder / "retrieval", path, candidates=10)
    model = LoadedModel(path)
    parts = {"ranking": ranking, "retrieval": retrieval}
    yield SimpleNamespace(path=path, answers=answers, model=model, folder=folder, parts=parts)
    model.close()


def text(*values):
    return np.array([value.encode() for value in values], object)


def recommend(made, users, k=10, exclude_seen=True):
    return made.model.run(
        "recommend",
        {"user_id": text(*users), "k": np.array(k, np.int32), "exclude_seen": np.array(exclude_seen)},
    )


def from_history(made, histories, k=10):
    rows = np.array([[title.encode() for title in row] for row in histories], object)
    return made.model.run("recommend_from_history", {"movie_title": rows, "k": np.array(k, np.int32)})


def for_history(made, ids, weights, k=10):
    rows = np.array([[name.encode() for name in row] for row in ids], object)
    given = {"movie_id": rows, "weight": np.array(weights, np.float32), "k": np.array(k, np.int32)}
    return made.model.run("recommend_for_history", given)


def films(outputs, row=0):
    return [name.decode() for name in outputs["movie_id"][row]]


def test_films_are_ordered_by_nearness_and_half_the_stars(made):
    found = recommend(made, ["ann"])  # has seen One

    assert films(found) == ["m3", "m2", "m4"]
    assert [title.decode() for title in found["movie_title"][0]] == [TITLES[2], TITLES[1], TITLES[3]]
    np.testing.assert_allclose(found["user_rating"], [[5, 2, 3]])
    np.testing.assert_allclose(found["score"], [[0.8 + 2.5, 0.9 + 1, 0.1 + 1.5]], rtol=1e-6)


def test_a_seen_film_comes_back_only_to_who_allows_it(made):
    assert films(recommend(made, ["bob"], exclude_seen=True)) == ["m4", "m1"]
    assert films(recommend(made, ["bob"], exclude_seen=False)) == ["m4", "m3", "m2", "m1"]


def test_a_row_with_fewer_films_ends_in_blanks(made):
    found = recommend(made, ["ann", "bob"])

    assert films(found, 1) == ["m4", "m1", ""]
    assert found["movie_title"][1, 2] == b""
    np.testing.assert_allclose(found["user_rating"][1], [3, 3, 0])
    np.testing.assert_allclose(found["score"][1], [4.5, 1.5, 0])


def test_k_is_at_most_what_is_left(made):
    for k, length in ((1, 1), (2, 2), (4, 4), (1000, 4)):
        found = recommend(made, ["ann", "bob"], k, exclude_seen=False)
        assert {column.shape for column in found.values()} == {(2, length)}


@pytest.mark.parametrize("k", [0, -1, -(2**31), [3, 0]])
def test_a_k_below_1_is_refused(made, trained, k):
    for each in (made, trained):
        with pytest.raises(StatusError, match="k must be at least 1") as refused:
            recommend(each, ["ann", "bob"], k)
        assert refused.value.code == "INVALID_ARGUMENT"
        with pytest.raises(StatusError, match="k must be at least 1"):
            from_history(each, [[TITLES[0]], [TITLES[1]]], k)


def test_k_and_exclude_seen_may_differ_from_row_to_row(made, trained, data):
    for each, users in ((made, ["ann", "bob", "ann"]), (trained, data.catalogue.vocabularies.user_id[:3])):
        k, exclude_seen = [2, 20, 1], [True, False, False]
        found = recommend(each, users, k, exclude_seen)
        assert found["movie_id"].shape[1] == max(
            len(films(recommend(each, [user], *asked)))
            for user, *asked in zip(users, k, exclude_seen, strict=True)
        )
        for row, asked in enumerate(zip(k, exclude_seen, strict=True)):
            alone = recommend(each, [users[row]], *asked)
            length = alone["movie_id"].shape[1]
            assert films(found, row) == films(alone) + [""] * (found["movie_id"].shape[1] - length)
            np.testing.assert_allclose(found["score"][row, :length], alone["score"][0], atol=1e-5)
            assert not found["score"][row, length:].any()
            assert not found["user_rating"][row, length:].any()


def test_a_k_for_neither_all_rows_nor_each_is_refused(made):
    with pytest.raises(StatusError, match="k must be one value, or one for each row") as refused:
        recommend(made, ["ann", "bob", "ann"], [3, 3])
    assert refused.value.code == "INVALID_ARGUMENT"


def test_a_request_of_rows_has_k_and_exclude_seen_in_each(trained, data, tmp_path):
    (tmp_path / "recommender").mkdir()
    (tmp_path / "recommender" / "1").symlink_to(trained.path, target_is_directory=True)
    users = data.catalogue.vocabularies.user_id[:2]
    rows = [
        {"user_id": user, "k": k, "exclude_seen": seen}
        for user, k, seen in zip(users, (3, 1), (True, False), strict=True)
    ]
    with EmbeddedServer(tmp_path, ServerConfig(rest_port=0, grpc_port=0)) as server:
        url = f"{server.rest_url}/v1/models/recommender:predict"

        def ask(rows):
            return httpx.post(url, json={"signature_name": "recommend", "instances": rows})

        answer, refused = ask(rows).json()["predictions"], ask([{**rows[0], "k": 0}])
    assert [[bool(film) for film in row["movie_id"]] for row in answer] == [[True] * 3, [True, False, False]]
    assert (refused.status_code, "k must be at least 1" in refused.json()["error"]) == (400, True)


def test_a_history_of_ids_is_weighed_and_left_out(made):
    # Three is brought 10 nearer by Two, Two by One; Four is rated best.
    found = for_history(made, [["m1", "m2"], ["m1", "m2"], ["m2", ""]], [[1, 2], [0, 1], [1, 0]])

    assert films(found) == ["m3", "m4", ""]
    # Stars count half as much as for somebody whom the ranking model knows: a quarter of a point.
    np.testing.assert_allclose(found["score"][0, :2], [2 + 20 + 1, 1 + 1.125])
    np.testing.assert_allclose(found["score"][1, :2], [2 + 10 + 1, 1 + 1.125])
    assert films(found, 2) == ["m3", "m1", "m4"]
    assert not found["user_rating"].any()  # this ranking model cannot rate by a history


def test_a_trained_recommenders_list_depends_on_the_history_and_its_weights(trained, data):
    ids, titles = data.catalogue.vocabularies.movie_id, data.catalogue.attributes.titles
    named = [[ids[4], ids[8]]] * 3
    found = for_history(trained, [*named, ["", ""]], [[1, 1], [1, 9], [9, 1], [1, 1]], k=20)
    by_title = from_history(trained, [[titles[5], titles[9]]], k=20)
    assert films(found) == films(by_title)
    np.testing.assert_allclose(found["score"][0], by_title["score"][0], rtol=1e-4)
    assert not np.allclose(found["score"][1], found["score"][2])
    assert films(found, 3) != films(found)
    assert not {ids[4], ids[8]} & {*films(found), *films(found, 1), *films(found, 2)}


def test_more_films_are_rated_than_are_asked_for(made, parts, tmp_path):
    # Two is nearest to ann; that she would like Three better shows only where more than one is rated.
    assemble(parts / "ranking", parts / "retrieval", tmp_path / "one", candidates=1, rating_weight=0.5)
    narrow = SimpleNamespace(model=LoadedModel(tmp_path / "one"))
    assert films(recommend(made, ["ann"], 1)) == ["m3"]
    assert films(recommend(narrow, ["ann"], 1)) == ["m2"]
    assert films(recommend(narrow, ["ann"], 3)) == ["m3", "m2", "m4"]
    narrow.model.close()


def test_the_default_is_ten_unseen_films(made):
    default = made.model.run("serving_default", {"user_id": text("bob", "ann")})
    asked = recommend(made, ["bob", "ann"], 10, True)

    for name in asked:
        np.testing.assert_array_equal(default[name], asked[name])


def test_someone_unknown_is_recommended_what_the_unknown_user_would_be(made):
    found = recommend(made, ["nobody", ""])

    assert films(found, 0) == films(found, 1) == ["m1", "m2", "m3", "m4"]
    np.testing.assert_allclose(found["user_rating"][0], STARS[0])
    np.testing.assert_allclose(found["score"][0], NEARNESS[0] + STARS[0] / 2)


def test_a_history_decides_what_is_retrieved_and_no_rating_is_shown_where_it_has_none(made):
    found = from_history(made, [[TITLES[1], ""], ["", ""], ["No such film", ""], ["No such film", TITLES[1]]])

    assert films(found, 0) == ["m3", "m1", "m4", ""]  # Two is left out, and puts Three in front
    assert not found["user_rating"].any()  # this ranking model knows users by their ids alone
    np.testing.assert_allclose(found["score"][0], [13, 4.75, 2.125, 0])  # the unknown user's stars count half
    assert films(found, 1) == films(found, 2) == ["m1", "m2", "m3", "m4"]  # nobody's: what is popular
    assert films(found, 3) == films(found, 0)


def test_a_ranking_model_that_sees_histories_rates_by_them(kinds, trained, data, tmp_path):
    kinds.exported("mf", tmp_path / "ranking")
    answers = assemble(tmp_path / "ranking", trained.folder / "retrieval", tmp_path / "both", candidates=10)
    assert verify_export(str(tmp_path / "both"), answers) <= 1e-5

    both = SimpleNamespace(model=LoadedModel(tmp_path / "both"))
    titles = data.catalogue.attributes.titles[1:].tolist()
    found = from_history(both, [[titles[0], titles[1]], [titles[2], ""], ["", ""]], k=5)
    both.model.close()
    rate = tf.saved_model.load(str(tmp_path / "ranking")).signatures
    for row, history in enumerate(([titles[0], titles[1]], [titles[2], ""])):
        ids = films(found, row)
        stars = rate["rate_for_history"](movie_title=tf.constant([history]), movie_id=tf.constant([ids]))
        np.testing.assert_allclose(found["user_rating"][row], stars["user_rating"][0], atol=1e-5)
    unknown = rate["rate_ids"](user_id=tf.constant([""] * 5), movie_id=tf.constant(films(found, 2)))
    np.testing.assert_allclose(found["user_rating"][2], unknown["user_rating"], atol=1e-5)
    assert films(found, 0) != films(found, 1)


def test_a_batch_of_nobody_is_answered_with_nothing(trained):
    assert recommend(trained, [])["movie_id"].shape[0] == 0


def test_who_has_watched_everything_is_recommended_nothing(made, trained, data):
    titles = data.catalogue.attributes.titles[1:].tolist()
    for each, history in ((made, TITLES), (trained, titles)):
        assert {column.shape for column in from_history(each, [history]).values()} == {(1, 0)}


def test_the_parts_composed_by_hand_say_the_same_in_a_v1_session(made, trained):
    for each in (made, trained):
        assert [answer.signature for answer in each.answers] == [
            *([OF_USER] if each is trained else []),
            "serving_default",
            "recommend",
            "recommend",
            "recommend_from_history",
            "recommend_for_history",
        ]
        assert verify_export(str(each.path), each.answers) <= 1e-5
    assert len(trained.answers[1].inputs["user_id"]) > 30


def test_parts_whose_variables_and_tables_share_names_stay_apart(made, parts, tmp_path):
    # Tables exported by two processes are often named alike: 341, 355.
    for part in ("ranking", "retrieval"):
        shutil.copytree(parts / part, tmp_path / part)
        name_tables_alike(tmp_path / part / "saved_model.pb")
    assemble(tmp_path / "ranking", tmp_path / "retrieval", tmp_path / "both", candidates=3, rating_weight=0.5)

    assert verify_export(str(tmp_path / "both"), made.answers) <= 1e-5


def name_tables_alike(file):
    saved = SavedModel.FromString(file.read_bytes())
    graph = saved.meta_graphs[0].graph_def
    numbers = {}
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        for node in nodes:
            if node.op == "HashTableV2":
                shared = node.attr["shared_name"].s
                node.attr["shared_name"].s = b"%d" % numbers.setdefault(shared, len(numbers))
    assert len(numbers) in (2, 3)
    file.write_bytes(saved.SerializeToString())


@pytest.mark.parametrize("kind", ["made", "trained"])
def test_every_signature_is_the_same_through_python_a_session_rest_and_grpc(kind, request):
    model = request.getfixturevalue(kind)
    loaded = tf.saved_model.load(str(model.path))
    folder = model.path.parent.parent / f"served {kind}"
    (folder / "recommender").mkdir(parents=True)
    (folder / "recommender" / "1").symlink_to(model.path, target_is_directory=True)
    with (
        EmbeddedServer(folder, ServerConfig(rest_port=0, grpc_port=0)) as server,
        RestClient(server.rest_url) as rest,
        GrpcClient(server.grpc_address) as grpc,
    ):
        for answer in model.answers:
            inputs = {
                name: spec.array(answer.inputs[name])
                for name, spec in model.model.signature(answer.signature).inputs.items()
            }
            tensors = {name: tf.constant(value) for name, value in answer.inputs.items()}
            ways = {
                "python": loaded.signatures[answer.signature](**tensors),
                "session": model.model.run(answer.signature, inputs),
                "REST": rest.predict("recommender", inputs, answer.signature),
                "gRPC": grpc.predict("recommender", inputs, answer.signature),
            }
            for outputs in ways.values():
                for name, wanted in answer.outputs.items():
                    same(np.asarray(outputs[name]), wanted)


def same(got, wanted):
    if wanted.dtype == object:
        decoded = [value.decode() if isinstance(value, bytes) else value for value in got.ravel()]
        assert decoded == [value.decode() for value in wanted.ravel()]
    else:
        np.testing.assert_allclose(got, wanted, atol=1e-5)


def test_the_contract_is_kept_and_nothing_else_is_served(made, trained):
    for each in (made, trained):
        assert departures("recommender", each.model.signatures) == []
        assert set(each.model.signatures) - {"__saved_model_init_op"} == {
            "serving_default",
            "recommend",
            "recommend_from_history",
            "recommend_for_history",
            *([OF_USER] if each is trained else []),
        }


def test_only_the_variables_that_are_used_are_stored_and_each_once(made, parts, trained):
    def size(path):
        return sum(file.stat().st_size for file in (Path(path) / "variables").iterdir())

    # retrieval's `other` alone uses 200,000 bytes
    assert size(made.path) <= size(parts / "ranking") + size(parts / "retrieval") - 190_000
    both = size(trained.folder / "ranking") + size(trained.folder / "retrieval")
    assert size(trained.path) <= both + 4_000


def test_trained_parts_leave_out_what_was_seen_and_rate_as_the_ranking_model_does(trained, data):
    vocabularies, watched = data.catalogue.vocabularies, data.catalogue.watched
    users = vocabularies.user_id[:40]
    found = recommend(trained, users, k=60)
    rate = tf.saved_model.load(str(trained.folder / "ranking")).signatures["rate_ids"]
    for row, user in enumerate(users):
        seen = {vocabularies.movie_id[movie - 1] for movie in watched[row + 1]}
        got = [film for film in films(found, row) if film]
        assert got
        assert not seen & set(got)
        assert len(seen) + len(set(got)) == 60
        stars = rate(user_id=tf.constant([user] * len(got)), movie_id=tf.constant(got))["user_rating"]
        np.testing.assert_allclose(found["user_rating"][row, : len(got)], stars, atol=1e-5)
        assert (np.diff(found["score"][row, : len(got)]) <= 0).all()
    allowed = recommend(trained, users, k=60, exclude_seen=False)
    assert all(sorted(films(allowed, row)) == sorted(vocabularies.movie_id) for row in range(len(users)))


def test_two_models_in_memory_recommend_what_their_export_does(trained, data):
    vocabularies = data.catalogue.vocabularies
    in_memory = InMemoryRecommender(**trained.parts, candidates=10, rating_weight=RATING_WEIGHT)
    users = np.arange(1, 41, dtype=np.int32)
    lists = in_memory.lists(users, 10)
    exported = recommend(trained, vocabularies.user_id[:40])
    unknown = in_memory.lists(np.zeros(1, np.int32), 10)

    def names(row):
        return [vocabularies.movie_id[film - 1] if film > 0 else "" for film in row]

    assert [names(row) for row in lists] == [films(exported, row) for row in range(40)]
    assert names(unknown[0]) == films(recommend(trained, ["nobody"]))
    rated = in_memory.ratings(np.repeat(users, 10), np.maximum(lists, 0).ravel()).reshape(lists.shape)
    np.testing.assert_allclose(np.where(lists > 0, rated, 0), exported["user_rating"], atol=1e-4)


def test_what_it_was_made_of_lies_beside_it(made, parts):
    extra = made.path / "assets.extra"
    write_answers(str(made.path), made.answers)

    assert json.loads((extra / "recommender.json").read_text()) == {
        "candidates": 3,
        "rating_weight": 0.5,
        "ranking": str(parts / "ranking"),
        "retrieval": str(parts / "retrieval"),
    }
    assert (extra / "user_ids.txt").read_text() == "ann\nbob\n"
    written = json.loads((extra / "trained_answers.json").read_text())
    assert written[2]["inputs"]["exclude_seen"] is False
    assert written[3]["inputs"]["movie_title"][-1] == ["", "", ""]


def test_parts_that_cannot_be_composed_are_named(parts, tmp_path):
    with pytest.raises(TrainingError, match=r"There is no SavedModel at .*nowhere"):
        assemble(tmp_path / "nowhere", parts / "retrieval", tmp_path / "out")
    with pytest.raises(TrainingError, match=r"has no signature candidates, but .*rate_ids"):
        assemble(parts / "ranking", parts / "ranking", tmp_path / "out")
    with pytest.raises(TrainingError, match="0 candidates"):
        assemble(parts / "ranking", parts / "retrieval", tmp_path / "out", candidates=0)
    assert not (tmp_path / "out").exists()

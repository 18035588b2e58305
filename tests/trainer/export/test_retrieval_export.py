import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import ConfigError, TrainingError
from tests.trainer.eagerly import eagerly
from trainer.data.features import DEMOGRAPHICS
from trainer.export.answers import write_answers
from trainer.export.retrieval import export_retrieval
from trainer.export.saved_model import SavedModel
from trainer.export.verify import verify_export
from trainer.run_fn import run_fn
from trainer.training.retrieval import RetrievalSettings, train_retrieval


@pytest.fixture(scope="module")
def model(data):
    settings = RetrievalSettings.of(
        {"model": {"kind": "two_tower", "dim": 8}, "train": {"epochs": 2, "batch_size": 1250}}, None
    )
    with eagerly():
        return train_retrieval(settings, data).model


@pytest.fixture(scope="module", params=["exact", "ivf"])
def exported(request, model, tmp_path_factory):
    path = str(tmp_path_factory.mktemp("export") / "1")
    answers, report = export_retrieval(model, path, request.param)
    loaded = tf.saved_model.load(path)
    return SimpleNamespace(
        model=model, path=path, answers=answers, report=report, loaded=loaded, signatures=loaded.signatures
    )


@pytest.fixture(scope="module")
def session(exported):
    """The export in one session; each that is opened prepares every signature anew."""
    with SavedModel(exported.path) as opened:
        yield opened


def strings(*values):
    return tf.constant(values, tf.string)


def test_every_signature_in_a_v1_session_is_the_trained_model(exported):
    assert {answer.signature for answer in exported.answers} == set(exported.signatures)
    assert all(len(next(iter(answer.inputs.values()))) > 30 for answer in exported.answers)
    assert verify_export(exported.path, exported.answers) <= 1e-5


def test_a_users_films_are_those_of_the_highest_scores(exported, data):
    catalogue = data.catalogue
    found = exported.signatures["retrieve"](user_id=strings("u3"), k=tf.constant(5))
    ids = [each.decode() for each in found["movie_id"].numpy()[0]]
    films = np.array([catalogue.vocabularies.movie_id.index(each) + 1 for each in ids])
    user = catalogue.vocabularies.user_id.index("u3") + 1
    scores = exported.model.scores(np.array([user], np.int32))[0]

    np.testing.assert_allclose(found["score"][0], scores[films], rtol=1e-5)
    titles = [each.decode() for each in found["movie_title"].numpy()[0]]
    assert titles == catalogue.attributes.titles[films].tolist()
    assert (np.diff(found["score"][0]) <= 0).all()
    if exported.report.kind == "exact":  # inverted lists may miss some
        assert films.tolist() == (1 + np.argsort(-scores[1:])[:5]).tolist()


def test_k_is_at_most_the_catalogue(exported):
    retrieve = exported.signatures["retrieve"]
    for k, films in ((1000, 60), (60, 60), (1, 1)):
        found = retrieve(user_id=strings("u3", "u4"), k=tf.constant(k))
        assert {name: column.shape.as_list() for name, column in found.items()} == {
            name: [2, films] for name in ("movie_id", "movie_title", "score")
        }
    every = exported.signatures["serving_default"](user_id=strings("u3"))["movie_id"].numpy()[0]
    assert len(set(every)) == 60  # of 100 that are asked for


@pytest.mark.parametrize("k", [0, -3, [2, 0]])
def test_a_k_below_1_is_refused(exported, session, k):
    users, k = ["u3", "u4"], tf.constant(k)
    for signature, inputs in (
        ("retrieve", {"user_id": strings(*users)}),
        ("candidates", {"user_id": strings(*users), "exclude_seen": tf.constant(True)}),
        ("candidates_from_history", {"movie_title": strings(["Film 7 (1977)"], ["Film 8 (1978)"])}),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match="k must be at least 1"):
            exported.signatures[signature](**inputs, k=k)
        with pytest.raises(tf.errors.InvalidArgumentError, match="k must"):
            session.ask(signature, **{name: value.numpy() for name, value in inputs.items()}, k=k.numpy())


def test_k_and_exclude_seen_may_differ_from_row_to_row(exported):
    candidates = exported.signatures["candidates"]
    users, k, exclude_seen = ["u3", "u4", "nobody"], [2, 7, 4], [False, True, True]
    found = candidates(user_id=strings(*users), k=tf.constant(k), exclude_seen=tf.constant(exclude_seen))
    assert found["score"].shape == (3, 7)
    for row, (user, length, without) in enumerate(zip(users, k, exclude_seen, strict=True)):
        alone = candidates(
            user_id=strings(user), k=tf.constant([length]), exclude_seen=tf.constant([[without]])
        )
        assert [bool(film) for film in rows_of(found)[row]] == [True] * length + [False] * (7 - length)
        if exported.report.kind == "exact":  # inverted lists look further for a longer list
            assert rows_of(found)[row][:length] == rows_of(alone)[0]
            np.testing.assert_allclose(found["score"][row, :length], alone["score"][0], rtol=1e-5)
        assert not found["score"].numpy()[row, length:].any()


def test_someone_unknown_is_answered_alike_and_never_an_error(exported):
    found = exported.signatures["retrieve"](user_id=strings("nobody", "", "no such"), k=tf.constant(7))
    scores = found["score"].numpy()
    assert np.isfinite(scores).all()
    assert (scores == scores[0]).all()


def rows_of(found, name="movie_id"):
    return [[each.decode() for each in row] for row in found[name].numpy()]


def seen_by(data, user):
    catalogue = data.catalogue
    films = catalogue.watched[catalogue.vocabularies.user_id.index(user) + 1]
    return {catalogue.vocabularies.movie_id[film - 1] for film in films}


def test_what_a_user_has_seen_never_comes_back_and_all_else_does(exported, data):
    users = data.catalogue.vocabularies.user_id
    found = exported.signatures["candidates"](
        user_id=strings(*users, "nobody"), k=tf.constant(1000), exclude_seen=tf.constant(True)
    )
    films = set(data.catalogue.vocabularies.movie_id)
    for user, row, scores in zip([*users, "nobody"], rows_of(found), found["score"].numpy(), strict=True):
        left = films - (seen_by(data, user) if user != "nobody" else set())
        assert set(row[: len(left)]) == left
        assert (np.diff(scores[: len(left)]) <= 0).all()
        assert set(row[len(left) :]) <= {""}
        assert not scores[len(left) :].any()
    assert len(rows_of(found)[0]) == 60  # as many as someone unknown has left
    for row, titles in zip(rows_of(found), rows_of(found, "movie_title"), strict=True):
        assert [title == "" for title in titles] == [film == "" for film in row]


def test_films_that_were_seen_are_kept_where_that_is_wanted(exported):
    candidates, retrieve = exported.signatures["candidates"], exported.signatures["retrieve"]
    kept = candidates(user_id=strings("u3", "u4"), k=tf.constant(9), exclude_seen=tf.constant(False))
    found = retrieve(user_id=strings("u3", "u4"), k=tf.constant(9))
    assert rows_of(kept) == rows_of(found)
    np.testing.assert_allclose(kept["score"], found["score"], rtol=1e-6)


def test_the_lists_are_as_long_as_the_one_who_has_most_left_needs(exported, data):
    candidates, most = exported.signatures["candidates"], 60 - len(seen_by(data, "u3"))
    for k, films in ((1000, most), (most, most), (2, 2), (1, 1)):
        found = candidates(user_id=strings("u3"), k=tf.constant(k), exclude_seen=tf.constant(True))
        assert found["score"].shape == (1, films)
        assert "" not in rows_of(found)[0]


def from_history(exported, *rows, k=1000):
    longest = max(map(len, rows))
    padded = [[*row, *[""] * (longest - len(row))] for row in rows]
    return exported.signatures["candidates_from_history"](
        movie_title=tf.reshape(tf.constant(padded, tf.string), [len(rows), longest]),
        k=tf.constant(k),
    )


def test_a_history_that_is_brought_leaves_out_its_films(exported, data):
    titles = data.catalogue.attributes.titles[1:].tolist()
    found = from_history(exported, titles[4:7], titles[:-3], titles)
    listed = rows_of(found, "movie_title")
    assert set(listed[0][:57]) == set(titles) - set(titles[4:7])
    assert listed[0][57:] == []
    assert set(listed[1][:3]) == set(titles[-3:])
    assert listed[1][3:] == [""] * 54
    assert listed[2] == [""] * 57
    assert not found["score"].numpy()[2].any()


def test_a_history_speaks_for_its_owner(exported, data):
    films = [5, 9, 12]
    titles = data.catalogue.attributes.titles
    found = from_history(exported, titles[films], k=4)
    scores = exported.model.visitors().scores(tf.ragged.constant([films], dtype=tf.int32)).numpy()[0]
    rows = [titles.tolist().index(title) for title in rows_of(found, "movie_title")[0]]
    scores[np.array(films) - 1] = -np.inf
    np.testing.assert_allclose(found["score"][0], scores[np.array(rows) - 1], rtol=1e-5)
    np.testing.assert_allclose(found["score"][0], np.sort(scores)[::-1][:4], rtol=1e-5)


def test_repetition_order_and_unknown_titles_in_a_history_change_nothing(exported, data):
    one, other = data.catalogue.attributes.titles[[5, 9]]
    found = from_history(
        exported,
        [one, other],
        [other, one, one, other, one],
        ["No Such Film (2099)", one, "", other],
    )
    rows = rows_of(found)
    assert rows[0] == rows[1] == rows[2]
    np.testing.assert_allclose(found["score"], [found["score"][0]] * 3, rtol=1e-5)


def for_history(exported, ids, weights, k=1000):
    return exported.signatures["candidates_for_history"](
        movie_id=tf.constant(ids, tf.string), weight=tf.constant(weights, tf.float32), k=tf.constant(k)
    )


def ids_of(data, films):
    return [data.catalogue.vocabularies.movie_id[film - 1] for film in films]


def test_ids_of_equal_weights_are_answered_as_their_titles_are(exported, data):
    films = [5, 9, 12]
    titles = data.catalogue.attributes.titles[films].tolist()
    wanted = from_history(exported, titles, [titles[1], "", ""])
    for weight in (1.0, 7.0, 1e30):
        ids = ids_of(data, films)
        found = for_history(exported, [ids, [ids[1], "", "no such"]], [[weight] * 3, [weight, 0, 3]])
        assert rows_of(found) == rows_of(wanted)
        np.testing.assert_allclose(found["score"], wanted["score"], rtol=1e-4)


def test_a_weight_says_how_much_a_film_counts(exported, data):
    one, other = ids_of(data, [5, 9])
    given = [[1, 1], [3, 1], [1, 3], [1, 0], [0, 0]]
    found = for_history(exported, [[one, other]] * 5, given, 58)
    by_film = [
        dict(zip(names, scores, strict=True))
        for names, scores in zip(rows_of(found), found["score"].numpy(), strict=True)
    ]
    alike, to_one, to_other, alone, nobody = by_film
    assert {one, other}.isdisjoint(alone)  # a weight of 0 leaves a film out, and counts for nothing else
    alone_in_it = for_history(exported, [[one]], [[1]])
    for film, score in zip(rows_of(alone_in_it)[0], alone_in_it["score"].numpy()[0], strict=True):
        assert film == other or alone[film] == pytest.approx(score, rel=1e-4)
    lifts = exported.model.visitors()._lifts.numpy()
    places = exported.model.visitors()._places.numpy()
    rows = [data.catalogue.vocabularies.movie_id.index(film) + 1 for film in (one, other)]
    film = next(iter(alike))
    column = places[data.catalogue.vocabularies.movie_id.index(film) + 1]
    first, second = (lifts[places[row], column] for row in rows)
    # A weight of 3 beside one of 1 is 1.6 effective films: (3 + 1)² / (9 + 1).
    change = (1.2 * first + 0.4 * second) / 1.6**0.8 - (first + second) / 2**0.8
    genres = exported.model.visitors()._words.numpy()
    shared = genres[rows] @ genres[data.catalogue.vocabularies.movie_id.index(film) + 1]
    change += 0.2 * ((1.2 * shared[0] + 0.4 * shared[1]) / 1.6 - shared.sum() / 2)
    assert to_one[film] - alike[film] == pytest.approx(change, rel=1e-3, abs=1e-5)
    assert to_one != to_other
    unknown = from_history(exported, [""], k=60)
    assert nobody == {
        film: pytest.approx(score, rel=1e-4)
        for film, score in zip(rows_of(unknown)[0], unknown["score"].numpy()[0], strict=True)
        if film not in (one, other)
    }


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_means_nothing_is_refused(exported, data, weight):
    with pytest.raises(tf.errors.InvalidArgumentError, match="a weight must be 0 or more"):
        for_history(exported, [ids_of(data, [5, 9])], [[1.0, weight]])


def test_a_weight_for_each_film_is_asked_for(exported, data):
    with pytest.raises(tf.errors.InvalidArgumentError, match="one weight for each item"):
        for_history(exported, [ids_of(data, [5, 9])], [[1.0]])


def test_someone_without_a_history_is_the_unknown_user(exported):
    unknown = exported.signatures["retrieve"](user_id=strings("nobody"), k=tf.constant(20))
    for rows in ([["", ""]], [["No Such Film (2099)"]], [[]]):
        found = from_history(exported, *rows, k=20)
        if exported.report.kind == "exact":  # inverted lists may miss some of the unknown user's
            assert rows_of(found) == rows_of(unknown)
            np.testing.assert_allclose(found["score"], unknown["score"], rtol=1e-5)
        np.testing.assert_array_less(unknown["score"], found["score"] + 1e-5)


def test_a_users_and_a_films_vector_multiply_to_the_score(exported):
    found = exported.signatures["retrieve"](user_id=strings("u3", "nobody"), k=tf.constant(8))
    users = exported.signatures["user_vector"](user_id=strings("u3", "nobody"))["vector"].numpy()
    for user, films, scores in zip(users, rows_of(found), found["score"].numpy(), strict=True):
        vectors = exported.signatures["movie_vector"](movie_id=strings(*films))["vector"].numpy()
        np.testing.assert_allclose(vectors @ user, scores, rtol=1e-4, atol=1e-5)


def test_films_are_described_as_train_knows_them(exported, data):
    catalogue = data.catalogue
    found = exported.signatures["describe"](movie_id=strings("m3", "m4", "no such"))
    assert [each.decode() for each in found["movie_title"].numpy()] == ["Film 3 (1973)", "Film 4 (1974)", ""]
    assert [each.decode() for each in found["movie_genres"].numpy()] == ["Action|Drama", "Comedy", ""]
    counts = [
        len(catalogue.watchers[catalogue.vocabularies.movie_id.index(each) + 1]) for each in ("m3", "m4")
    ]
    assert found["ratings"].numpy().tolist() == [*counts, 0]


def test_because_names_the_watched_film_most_like_it_and_never_itself(exported, data):
    catalogue = data.catalogue
    films = catalogue.vocabularies.movie_id
    user = catalogue.vocabularies.user_id.index("u3") + 1
    found = exported.signatures["because"](
        user_id=strings("u3", "nobody"), movie_id=tf.constant([[*films, "no such"]] * 2)
    )
    vectors = exported.model.item_vectors(tf.range(61)).numpy()[:, :-1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    likeness = vectors[1:] @ vectors.T
    likeness[np.arange(60), np.arange(1, 61)] = -np.inf
    watched = np.unique(catalogue.watched[user])
    best = watched[np.argmax(likeness[:, watched], axis=1)]

    assert rows_of(found, "movie_title")[0] == [*catalogue.attributes.titles[best], ""]
    np.testing.assert_allclose(found["similarity"][0, :60], likeness[np.arange(60), best], atol=1e-5)
    assert rows_of(found, "movie_title")[1] == [""] * 61
    assert not found["similarity"].numpy()[:, 60:].any()
    assert not found["similarity"].numpy()[1].any()


def test_the_only_film_of_a_history_is_no_reason_for_itself(exported, data):
    one = data.catalogue.attributes.titles[5]
    one_id, other_id = (data.catalogue.vocabularies.movie_id[film - 1] for film in (5, 9))
    found = exported.signatures["because_of_history"](
        movie_title=tf.constant([[one, one], ["", "No Such Film (2099)"]]),
        movie_id=tf.constant([[one_id, other_id, ""]] * 2),
    )
    assert rows_of(found, "movie_title") == [["", one, ""], ["", "", ""]]
    assert found["similarity"].numpy()[0, 0] == 0
    assert -1 <= found["similarity"].numpy()[0, 1] <= 1


def test_the_users_of_train_are_listed_beside_the_model(exported, data):
    written = (Path(exported.path) / "assets.extra" / "user_ids.txt").read_text(encoding="utf-8")
    assert written.splitlines() == list(data.catalogue.vocabularies.user_id)


def test_the_signatures_are_those_of_the_contract(exported):
    found = {
        name: (sorted(signature.structured_input_signature[1]), sorted(signature.structured_outputs))
        for name, signature in exported.signatures.items()
    }
    films, reasons = ["movie_id", "movie_title", "score"], ["movie_title", "similarity"]
    assert found == {
        "serving_default": (["user_id"], films),
        "retrieve": (["k", "user_id"], films),
        "candidates": (["exclude_seen", "k", "user_id"], films),
        "candidates_from_history": (["k", "movie_title"], films),
        "candidates_for_history": (["k", "movie_id", "weight"], films),
        "candidates_for_history_of_user": (sorted(["k", "movie_id", "weight", *DEMOGRAPHICS]), films),
        "user_vector": (["user_id"], ["vector"]),
        "movie_vector": (["movie_id"], ["vector"]),
        "describe": (["movie_id"], ["movie_genres", "movie_title", "ratings"]),
        "because": (["movie_id", "user_id"], reasons),
        "because_of_history": (["movie_id", "movie_title"], reasons),
        "because_for_history": (["history_id", "movie_id"], reasons),
    }


def test_the_answers_and_the_indexs_worth_lie_beside_the_model(exported):
    write_answers(exported.path, exported.answers)
    extra = Path(exported.path) / "assets.extra"
    index = json.loads((extra / "index.json").read_text())
    written = {
        each["signature_name"]: each for each in json.loads((extra / "trained_answers.json").read_text())
    }

    assert index["kind"] == exported.report.kind
    assert index["recall"] >= 0.9
    request = written["retrieve"]
    assert request["inputs"]["k"] == 10
    served = exported.signatures["retrieve"](
        user_id=strings(*request["inputs"]["user_id"]), k=tf.constant(10)
    )
    titles = [[title.decode() for title in row] for row in served["movie_title"].numpy()]
    assert titles == request["outputs"]["movie_title"]


def test_a_model_that_differs_is_not_let_through(exported):
    changed = exported.answers[0]
    changed.outputs["score"][0, 0] += 1
    try:
        with pytest.raises(TrainingError, match="differs from the trained one by"):
            verify_export(exported.path, [changed])
    finally:
        changed.outputs["score"][0, 0] -= 1


@pytest.fixture
def fn_args(data, files, tmp_path):
    assets = tmp_path / "graph" / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    vocabularies = data.catalogue.vocabularies
    for name, values in vocabularies.by_name().items():
        (assets / name).write_text("".join(f"{value}\n" for value in values))
    return SimpleNamespace(
        train_files=[f"{files}/train*"],
        eval_files=[f"{files}/eval*"],
        transform_graph_path=str(tmp_path / "graph"),
        serving_model_dir=str(tmp_path / "model" / "Format-Serving"),
        model_run_dir=str(tmp_path / "run"),
        hyperparameters={"values": {"train.epochs": 2, "model.dim": 6}},
        base_model=None,
        custom_config={
            "task": "retrieval",
            "description": shipped("movielens").model_dump(mode="json"),
            "model": {"kind": "two_tower"},
            "train": {"epochs": 9, "batch_size": 500},
            "index": "exact",
        },
    )


def test_tfx_trains_exports_and_reports_a_retrieval_model(fn_args, tmp_path):
    run_fn(fn_args)

    retrieve = tf.saved_model.load(fn_args.serving_model_dir).signatures["retrieve"]
    films = retrieve(user_id=strings("u1"), k=tf.constant(3))["movie_title"].numpy()[0]
    assert all(title.startswith(b"Film ") for title in films)
    report = json.loads((tmp_path / "run" / "training.json").read_text())
    assert report["epochs"] == 2
    assert report["settings"]["model"]["dim"] == 6
    assert report["index"]["kind"] == "exact"
    assert report["export_difference"] <= 1e-5


def test_a_task_that_does_not_exist_is_refused(fn_args):
    fn_args.custom_config["task"] = "clairvoyance"
    with pytest.raises(ConfigError, match=r"task = 'clairvoyance'.*\s.*ranking, retrieval"):
        run_fn(fn_args)

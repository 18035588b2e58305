import re
import zipfile
from contextlib import nullcontext

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from tests.trainer.eagerly import eagerly
from trainer.data import catalogue as catalogues
from trainer.data.rating_data import RatingData
from trainer.data.ratings import Ratings
from trainer.data.row_keys import row_keys
from trainer.data.tables.title_words import title_words
from trainer.data.vocabularies import Vocabularies
from trainer.export.ranking import export_ranking
from trainer.export.retrieval import export_retrieval
from trainer.export.trained_answers import trained_answers
from trainer.export.verify import verify_export
from trainer.models.ranking import registry as ranking_models
from trainer.models.retrieval import registry as retrieval_models
from trainer.training.ranking import RankingSettings, train_ranking
from trainer.training.retrieval import RetrievalSettings, train_retrieval
from trainer.training.warm_start import Rows, WarmStart, carried, trained_folder
from trainer.training.weights import Trained

MF = {"kind": "mf", "members": 2, "dim": 4}
MLP = {"kind": "mlp", "hidden": [16], "features": ["age", "genres", "year", "time"]}
TOWERS = {"kind": "two_tower", "dim": 8}
KINDS = {"mf": MF, "mlp": MLP, "two_tower": TOWERS}


def train(model, data, **options):
    if model["kind"] == "two_tower":  # better than popularity only after many small steps
        task, trained, steps, without_graph = RetrievalSettings, train_retrieval, (250, 0.01), nullcontext
    else:
        task, trained, steps, without_graph = RankingSettings, train_ranking, (500, 0.02), eagerly
    loop = {"epochs": 3, "batch_size": steps[0], "patience": 0, "learning_rate": steps[1], "schedule": "none"}
    config = {"model": model, "train": {**loop, **options.pop("train", {})}}
    with without_graph():
        return trained(task.of(config, None), data, **options)


def untouched(model):
    """`initial` that leaves a model as it is, so that its start is measured."""


def built(model, data):
    """An untrained model with its weights in place."""
    registry, settings = (
        (retrieval_models, RetrievalSettings)
        if model["kind"] == "two_tower"
        else (ranking_models, RankingSettings)
    )
    made = registry.build(settings.of({"model": model}, None).model, data.catalogue)
    made({name: tf.constant(column[:2]) for name, column in data.train.features().items()})
    return made


def written(model, folder):
    """Where the SavedModel would lie beside which the model's weights are written."""
    path = str(folder / "Format-Serving")
    Trained.of(model).write(trained_folder(path))
    return path


def values(model):
    return {name: weight.variable.numpy() for name, weight in model.weights_by_name().items()}


def of_columns(train, evaluation):
    vocabularies = Vocabularies.from_columns(train, shipped("movielens"))
    ratings, catalogue = catalogues.from_columns(train, vocabularies)
    return RatingData(ratings, Ratings.from_columns(evaluation, vocabularies), catalogue)


@pytest.fixture(scope="module")
def smaller(split):
    """`data` before the last 12 users and 8 films, u68 on and m52 on, had come; eval is the same."""
    train, evaluation = split
    early = [
        place
        for place, (user, movie) in enumerate(zip(train["user_id"], train["movie_id"], strict=True))
        if int(user[1:]) < 68 and int(movie[1:]) < 52
    ]
    return of_columns(
        {name: [values[place] for place in early] for name, values in train.items()}, evaluation
    )


@pytest.fixture(scope="module")
def bases(smaller, tmp_path_factory):
    """For each kind, (the result of training on `smaller`, where its SavedModel would lie)."""
    made = {}
    for kind, model in KINDS.items():
        result = train(model, smaller)
        made[kind] = result, written(result.model, tmp_path_factory.mktemp(kind))
    return made


@pytest.fixture(scope="module", params=list(KINDS))
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def warm(kind, bases, data):
    """(the result of one epoch on `data` from the base, what the start says of itself)."""
    start = WarmStart(bases[kind][1])
    return train(KINDS[kind], data, initial=start, train={"epochs": 1}), start.facts


def monitored(result, logs):
    """The metric that stops early, so that lower is better."""
    return logs[result.model.monitor] * (1 if result.model.monitor_mode == "min" else -1)


OLD = np.array([[0.5, 0.5], [1.0, 10.0], [2.0, 20.0], [3.0, 30.0]], np.float32)
FRESH = np.full((4, 2), -1.0, np.float32)


def test_rows_go_by_key_and_a_new_one_starts_as_the_unknown():
    table, rows = carried(OLD, ("", "a", "b", "c"), FRESH, ("", "c", "new", "a"))
    np.testing.assert_array_equal(table, [[0.5, 0.5], [3, 30], [0.5, 0.5], [1, 10]])
    assert rows == Rows(carried=3, new=1, gone=1)  # b


def test_where_there_is_no_row_for_the_unknown_a_new_one_starts_as_in_a_new_model():
    table, rows = carried(OLD, ("w", "a", "b", "c"), FRESH, ("new", "c", "a", "b"))
    np.testing.assert_array_equal(table, [[-1, -1], [3, 30], [1, 10], [2, 20]])
    assert rows == Rows(carried=3, new=1, gone=1)


@pytest.mark.parametrize(
    "model",
    [
        MF,
        {"kind": "mf", "head": "squared", "implicit": False, "features": []},
        MLP,
        {"kind": "mlp", "features": []},
        {**MLP, "features": ["gender", "occupation", "zip", "genres"]},
        TOWERS,
        {**TOWERS, "hidden": [8, 8], "history": False, "id_dropout": 0, "title_text": False},
    ],
)
def test_every_trainable_variable_has_one_name_and_every_row_one_key(model, data):
    found = built(model, data)
    named = found.weights_by_name()
    assert sorted(id(weight.variable) for weight in named.values()) == sorted(
        map(id, found.trainable_variables)
    )
    for weight in named.values():
        if weight.keys is not None:
            assert len(weight.keys) == len(set(weight.keys)) == weight.variable.shape[0]


def test_keys_are_in_the_order_of_the_tables(data):
    catalogue, vocabularies = data.catalogue, data.catalogue.vocabularies
    user, movie = 1 + vocabularies.user_id.index("u7"), 1 + vocabularies.movie_id.index("m3")

    def key(owner, row):
        return row_keys(catalogue, owner)[row]

    assert (key("user_id", user), key("movie_id", movie), key("movie_id", 0)) == ("u7", "m3", "")
    assert key("age", catalogue.table("age").ids[user]) == "18-24"  # 22
    assert key("gender", catalogue.table("gender").ids[user]) == "F"
    assert key("occupation", catalogue.table("occupation").ids[user]) == "doctor"
    assert key("zip", catalogue.table("zip").ids[user]) == "7"
    genres = {key("genres", row) for row in catalogue.table("genres").words[movie]}
    assert genres == {"Action", "Drama"}


def test_the_words_are_those_that_films_are_known_by():
    titles = ["", "Toy Story (1995)", "Toy Story 2 (1999)", "A Story (1995)", "2 Days"]
    columns = {
        "user_id": ["u"] * 4,
        "movie_id": list("abcd"),
        "user_rating": [3.0, 4.0, 3.0, 4.0],
        "timestamp": [1, 2, 3, 4],
        "movie_title": titles[1:],
        "movie_genres": [[]] * 4,
    }
    found = row_keys(of_columns(columns, columns).catalogue, "words")
    sets, words = title_words(titles)
    assert found == ("2", "story", "toy")
    assert words == found
    assert [found[place] for place in sets[2]] == ["2", "story", "toy"]


def of_years(*years):
    columns = {
        "user_id": ["u"] * len(years),
        "movie_id": [f"m{year}" for year in years],
        "user_rating": [3.0] * len(years),
        "timestamp": list(range(len(years))),
        "movie_title": [f"Film ({year})" for year in years],
        "movie_genres": [[]] * len(years),
    }
    return of_columns(columns, columns).catalogue


def test_years_keep_their_rows_when_an_older_film_moves_all_bins():
    # From 1990 on: 1990-92, 93-95, 96-98. From 1986 on, 1989-91, 92-94, 95-97 are the nearest.
    before, after = (row_keys(of_years(*years), "year") for years in ((1990, 1998), (1986, 1998)))
    assert len(before) == 4
    assert len(after) == 6
    assert after[2:5] == before[1:4]
    assert row_keys(of_years(1986), "year")[1] == after[1]


def test_a_grown_catalogue_begins_better_than_cold(kind, warm, bases, data):
    result, facts = warm
    cold = train(KINDS[kind], data, initial=untouched, train={"epochs": 1})

    assert monitored(result, result.start) < monitored(cold, cold.start)
    assert monitored(result, result.history[0]) < monitored(cold, cold.history[0])
    table = {"mf": "user", "mlp": "user_id", "two_tower": "user_tower/user_id"}[kind]
    assert facts["rows"][table] == {"carried": 69, "new": 12, "gone": 0}
    assert (facts["from"], facts["cold"], facts["cold_because"]) == (bases[kind][1], [], "")


def test_known_ids_start_with_their_rows_and_new_ones_with_the_unknowns(bases, smaller, data):
    base, path = bases["mf"]
    model = built(MF, data)
    WarmStart(path)(model)
    old, new = (each.catalogue.vocabularies.user_id for each in (smaller, data))
    assert old != new[: len(old)]  # by frequency: the order is another

    table = base.model.user.numpy()
    for name, row in (("u0", 1 + old.index("u0")), ("u67", 1 + old.index("u67")), ("u70", 0)):
        np.testing.assert_array_equal(model.user[1 + new.index(name)], table[row])


def test_the_same_data_starts_where_training_ended(kind, bases, smaller):
    base, path = bases[kind]
    again = train(KINDS[kind], smaller, initial=WarmStart(path), train={"epochs": 1})
    assert monitored(again, again.start) == pytest.approx(monitored(base, base.history[-1]), abs=1e-5)


def test_ids_that_went_are_dropped(smaller, data, tmp_path):
    # The other way round: from the grown catalogue to the smaller one.
    start = WarmStart(written(built(MF, data), tmp_path))
    start(built(MF, smaller))
    assert start.facts["rows"]["user"] == {"carried": 69, "new": 0, "gone": 12}
    assert start.facts["rows"]["watched"] == {"carried": 53, "new": 0, "gone": 8}


def test_a_warm_model_is_exported_like_any_other(kind, warm, tmp_path):
    path, model = str(tmp_path / "1"), warm[0].model
    if kind == "two_tower":
        answers, _ = export_retrieval(model, path, "exact")
    else:
        export_ranking(model, path)
        answers = trained_answers(model)
    assert verify_export(path, answers) <= 1e-5


def test_a_side_feature_that_was_switched_on_starts_cold_and_the_rest_warm(data, tmp_path):
    base = built({**MF, "features": ["genres", "zip"]}, data)
    model = built({**MF, "features": ["genres", "age"]}, data)
    start, fresh = WarmStart(written(base, tmp_path)), values(model)
    start(model)

    assert start.facts["cold"] == ["age"]
    assert start.facts["rows"]["genres"] == {"carried": 3, "new": 0, "gone": 0}
    np.testing.assert_array_equal(values(model)["age"], fresh["age"])
    np.testing.assert_array_equal(values(model)["genres"], values(base)["genres"])


def test_the_network_above_keeps_what_it_learned_of_each_column(data, tmp_path):
    base, model = (built({**MLP, "features": features}, data) for features in (["age"], ["gender", "age"]))
    fresh = values(model)["dense_0/kernel"]
    WarmStart(written(base, tmp_path))(model)
    old, found = values(base)["dense_0/kernel"], values(model)["dense_0/kernel"]

    # 32 columns of the user, 32 of the film, 8 a side feature.
    np.testing.assert_array_equal(found[:64], old[:64])
    np.testing.assert_array_equal(found[64:72], fresh[64:72])
    np.testing.assert_array_equal(found[72:], old[64:])


@pytest.mark.parametrize(
    ("base", "model", "reason"),
    [
        ("mf", MLP, "of kind Mf, this one of kind Mlp"),
        ("mf", {**MF, "dim": 5}, r"built otherwise: user is \(2, 5\) there and \(2, 6\) here"),
        ("mf", {**MF, "head": "squared"}, "only one of the two has thresholds of 1, 2, 3, 4, 5"),
        ("mlp", {**MLP, "hidden": [16, 8]}, "only one of the two has dense_2/bias, dense_2/kernel"),
        ("mlp", {**MLP, "hidden": [8]}, r"dense_0/kernel is \(16,\) there and \(8,\) here"),
        ("two_tower", {**TOWERS, "hidden": [8]}, "only one of the two has item_tower/dense_0/bias"),
    ],
)
def test_a_base_that_is_built_otherwise_is_left_alone(base, model, reason, bases, data, caplog):
    start, cold = WarmStart(bases[base][1]), built(model, data)
    fresh = values(cold)
    start(cold)

    assert re.search(reason, start.facts["cold_because"])
    assert start.facts["cold_because"] in caplog.text
    assert start.facts["rows"] == {}
    for name, value in values(cold).items():
        np.testing.assert_array_equal(value, fresh[name])


def test_other_stars_are_another_network(bases, split):
    doubled = [{**rows, "user_rating": [2 * star for star in rows["user_rating"]]} for rows in split]
    start = WarmStart(bases["mf"][1])
    start(built(MF, of_columns(*doubled)))
    assert "thresholds of 2, 4, 6, 8, 10" in start.facts["cold_because"]


def test_a_base_without_weights_is_said_and_left_alone(tmp_path, caplog):
    start = WarmStart(str(tmp_path / "Format-Serving"))
    start(None)  # nothing is asked of a model
    assert "made by an older version" in start.facts["cold_because"]
    assert start.facts["cold_because"] in caplog.text


@pytest.mark.parametrize("damage", ["cut short", "empty", "no archive", "another archive"])
def test_damaged_weights_are_said_and_left_alone(damage, bases, tmp_path):
    source = trained_folder(bases["mf"][1]) / "weights.npz"
    folder = trained_folder(str(tmp_path / "Format-Serving"))
    folder.mkdir()
    file = folder / "weights.npz"
    if damage == "another archive":
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("readme", "nothing")
    else:
        content = {"cut short": source.read_bytes()[:5000], "empty": b"", "no archive": b"weights"}[damage]
        file.write_bytes(content)
    assert f"{file} cannot be read" in WarmStart(str(tmp_path / "Format-Serving")).facts["cold_because"]


def test_weights_are_read_back_as_they_were_written(tmp_path):
    keys = {"films": ("", "Amélie", "千と千尋", "a\nb")}
    weights = {"films": np.eye(4, dtype=np.float32), "dense/kernel of 1, 2": np.ones((2, 3), np.float32)}
    Trained("Mf", weights, keys).write(tmp_path / "trained")
    found = Trained.read(tmp_path / "trained")

    assert (found.kind, found.keys, list(found.weights)) == ("Mf", keys, list(weights))
    for name, weight in weights.items():
        np.testing.assert_array_equal(found.weights[name], weight)
    assert [file.name for file in (tmp_path / "trained").iterdir()] == ["weights.npz"]


def test_bases_are_told_apart_by_their_content(tmp_path):
    def identity(name, value):
        path = str(tmp_path / name / "Format-Serving")
        Trained("Mf", {"w": np.full(3, value, np.float32)}, {}).write(trained_folder(path))
        return WarmStart(path).identity

    one, same, other = identity("one", 1), identity("same", 1), identity("other", 2)
    assert one == same != other
    assert WarmStart(str(tmp_path / "none" / "Format-Serving")).identity not in (one, other)


class Killed(Exception):
    """Stands for a kill after the second epoch."""


def test_a_killed_warm_run_goes_on_warm_and_another_base_does_not_take_it_up(data, tmp_path):
    model = {"kind": "mf", "members": 1, "dim": 2, "implicit": False, "features": []}
    base, told = built(model, data), []
    path = written(base, tmp_path / "base")
    base.user.assign_add(tf.ones_like(base.user))
    other = written(base, tmp_path / "other")

    def run(base_model, on_epoch=None):
        start, backup = WarmStart(base_model), str(tmp_path / "backup")
        return train(
            model, data, initial=start, identity=start.identity, backup_dir=backup, on_epoch=on_epoch
        )

    def kill(epoch, logs):
        told.append(logs)
        if epoch == 2:
            raise Killed

    with pytest.raises(Killed):
        run(path, kill)
    state = tmp_path / "backup" / "state.npz"
    kept = state.read_bytes()
    assert run(other).resumed == 0
    state.write_bytes(kept)
    resumed = run(path)

    assert resumed.resumed == 2
    assert resumed.history[:2] == told
    assert resumed.start["val_rmse"] > told[0]["val_rmse"]  # the base's, not that of the second epoch

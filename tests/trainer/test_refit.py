"""What is served: the judged settings on every split, or the judged weights with everything seen."""

import json
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from marquee.errors import TrainingError
from tests.trainer.eagerly import eagerly
from trainer.data.catalogue import read_train
from trainer.data.count_vocabularies import count_vocabularies
from trainer.data.pairs.trained_on import TrainedOn, rating_pairs
from trainer.data.rating_data import RatingData
from trainer.models.ranking.registry import KINDS as RANKING
from trainer.models.retrieval.registry import KINDS as RETRIEVAL
from trainer.refit import Refit, refit, refit_model
from trainer.run_fn import REPORT, task_of, write_report
from trainer.training.warm_start import put_weights
from trainer.training.weights import Trained

TEST_ONLY = {  # users and films that no other split holds
    "user_id": ["new user", "new user", "u1"],
    "movie_id": ["m1", "new film", "new film"],
    "user_rating": [4.0, 5.0, 2.0],
    "timestamp": [880_000_000, 880_000_001, 990_000_000],
    "movie_title": ["Film 1 (1971)", "New Film (1999)", "New Film (1999)"],
    "movie_genres": [["Comedy"], ["Western"], ["Western"]],
}
SMALL = {"epochs": 2, "batch_size": 2500, "patience": 1}
EVERY_KIND = [("ranking", kind) for kind in RANKING] + [("retrieval", kind) for kind in RETRIEVAL]
#: In every test run: what learns anew by steps and what is solved; and of what takes over weights, each sort.
ANEW = [
    *(("ranking", kind) for kind in ("mf", "mlp", "joint")),
    *(("retrieval", kind) for kind in ("two_tower", "sasrec", "ease", "ials", "multvae", "blend")),
]
TAKEN_OVER = [
    *(("ranking", kind) for kind in ("mf", "mlp", "wide_deep", "mmoe", "joint")),
    *(("retrieval", kind) for kind in RETRIEVAL),
]


def kinds(often):
    """A parameter for every kind; those that are not named are slow."""
    return pytest.mark.parametrize(
        ("task", "kind"),
        [each if each in often else pytest.param(*each, marks=pytest.mark.slow) for each in EVERY_KIND],
    )


@pytest.fixture(scope="module")
def splits(files, write_examples, tmp_path_factory):
    """Patterns by split; `test` brings a user and a film that are nowhere else."""
    test = tmp_path_factory.mktemp("test") / "test.gz"
    write_examples(test, TEST_ONLY)
    return {"train": [f"{files}/train*"], "eval": [f"{files}/eval*"], "test": [str(test)]}


@pytest.fixture(scope="module")
def graph(data, tmp_path_factory):
    """Transform's vocabularies, of train."""
    assets = tmp_path_factory.mktemp("graph") / "transform_fn" / "assets"
    assets.mkdir(parents=True)
    vocabularies = data.catalogue.vocabularies
    for name, values in vocabularies.by_name().items():
        (assets / name).write_text("".join(f"{value}\n" for value in values))
    return str(assets.parents[1])


@pytest.fixture(scope="module")
def judged(splits, graph, tmp_path_factory):
    """Trains a kind on train for one epoch of two, once, and gives the folder with `run` and `model`."""
    made, data = {}, RatingData.read(splits["train"], splits["eval"], graph, shipped("movielens"))

    def train(task, kind):
        if (task, kind) not in made:
            folder = made[task, kind] = tmp_path_factory.mktemp(f"{task}-{kind}")
            chosen = task_of({"task": task})
            settings = chosen.settings.of({"model": {"kind": kind}, "train": SMALL}, None)
            with eagerly():
                result = chosen.train(settings, data, passes=1)
            trained = folder / "model" / "trained"
            Trained.of(result.model).write(trained)
            TrainedOn.of_ratings(data.train, data.catalogue.vocabularies).write(trained)
            (folder / "run").mkdir()
            write_report(folder / "run" / REPORT, settings, result, {})
            models[task, kind] = result.model
        return made[task, kind]

    models = train.models = {}
    return train


def asked_for(judged, graph, splits, task, kind, mode, **options):
    folder = judged(task, kind)
    return Refit(
        task=task,
        mode=mode,
        files=splits,
        judged_run=folder / "run",
        judged_model=str(folder / "model" / "Format-Serving"),
        transform=graph,
        description=shipped("movielens"),
        **options,
    )


def exported(judged, graph, splits, folder, task, kind, mode, **options):
    """Refits and exports; gives the SavedModel's folder and `training.json`."""
    path = folder / "served" / "Format-Serving"
    with eagerly():
        refit(asked_for(judged, graph, splits, task, kind, mode, **options), str(path), folder / "served run")
    return path, json.loads((folder / "served run" / REPORT).read_text())


def answered(path, signature, **inputs):
    found = tf.saved_model.load(str(path)).signatures[signature](
        **{name: tf.constant(value) for name, value in inputs.items()}
    )
    return {name: value.numpy() for name, value in found.items()}


def rated(splits, *names):
    """Each user's films in these splits."""
    films = {}
    for name in names:
        for user, film in pairs(splits[name]):
            films.setdefault(user, set()).add(film)
    return films


def pairs(patterns):
    from trainer.data.examples import example_batches, expand

    batches = example_batches(expand(patterns), ("user_id", "movie_id")).as_numpy_iterator()
    return [pair for batch in batches for pair in zip(batch["user_id"], batch["movie_id"], strict=True)]


def listed(path, users):
    """The films that each user is given, of all that have not been seen."""
    found = answered(path, "candidates", user_id=users, k=100, exclude_seen=True)["movie_id"]
    return {user: {film for film in films if film} for user, films in zip(users, found, strict=True)}


def seen(model):
    """Each user's films in the model's watched table."""
    catalogue = model.catalogue
    users, films = catalogue.vocabularies.user_id, catalogue.vocabularies.movie_id
    return {
        user.encode(): {films[film - 1].encode() for film in catalogue.watched[row]}
        for row, user in enumerate(users, start=1)
    }


def scored(task, model):
    """Ratings of 60 pairs, or everybody's scores of everything."""
    if task == "retrieval":
        return np.asarray(model.scores(np.arange(1, 81, dtype=np.int32)))
    pairs = {"user_id": tf.range(1, 61), "movie_id": tf.range(1, 61)}
    return np.ravel(model(pairs | {"timestamp": tf.fill([60], tf.constant(-1, tf.int64))}))


@kinds(often=ANEW)
def test_a_kind_refit_on_everything_knows_every_user_film_and_rating(judged, graph, splits, task, kind):
    with eagerly():
        made = refit_model(asked_for(judged, graph, splits, task, kind, "all"))

    assert seen(made.result.model) == rated(splits, "train", "eval", "test")
    assert made.result.epochs == made.judged["best_epoch"] == 1  # of the two that the settings name
    assert made.settings.model_dump(mode="json") == made.judged["settings"]
    assert made.result.data.rows == (3003 if made.judged["rows"] == 2500 else 81)  # ratings, or users
    assert all(not name.startswith("val_") for logs in made.result.history for name in logs)
    assert all(made.learned.overlap(rating_pairs(files)) == 1.0 for files in splits.values())
    assert np.isfinite(scored(task, made.result.model)).all()


@kinds(often=TAKEN_OVER)
def test_a_kind_with_everything_seen_has_the_judged_weights(judged, graph, splits, task, kind):
    """Nothing seen but train, it answers as the judged model does; and with all, it knows what was rated."""
    only_train = {"train": splits["train"]}
    same = refit_model(asked_for(judged, graph, only_train, task, kind, "seen")).result.model
    before = judged.models[task, kind]
    np.testing.assert_allclose(scored(task, same), scored(task, before), rtol=1e-5, atol=1e-5)

    whole = refit_model(asked_for(judged, graph, splits, task, kind, "seen"))
    films = rated(splits, "train", "eval", "test")
    new = films.pop(b"new user")
    assert seen(whole.result.model) == {user: each - {b"new film"} for user, each in films.items()}
    assert new == {b"m1", b"new film"}  # which it cannot know
    for name, weight in whole.result.model.weights_by_name().items():
        ours, theirs = weight.variable.numpy(), before.weights_by_name()[name].variable.numpy()
        np.testing.assert_array_equal(ours, theirs)
    assert whole.learned.overlap(rating_pairs(splits["test"])) == 0.0


@pytest.mark.parametrize("mode", ["all", "seen"])
def test_an_exported_model_shows_nobody_what_they_rated(judged, graph, splits, tmp_path, mode):
    path, training = exported(judged, graph, splits, tmp_path, "retrieval", "two_tower", mode)
    films = rated(splits, "train", "eval", "test")
    known = [user for user in films if mode == "all" or user != b"new user"]
    for user, shown in listed(path, known).items():
        assert shown
        assert not shown & films[user]
    new = listed(path, [b"new user", b"nobody"])
    assert (b"m1" in new[b"new user"]) == (mode == "seen")  # somebody whom train does not hold is anybody
    ratings, users, items = {"all": (3003, 81, 61), "seen": (3000, 80, 60)}[mode]
    assert training["refit"]["ratings"] == ratings
    assert (training["refit"]["users"], training["refit"]["items"]) == (users, items)


def test_a_refit_begins_from_the_last_refit_model_and_says_so(judged, graph, splits, tmp_path):
    path, _ = exported(judged, graph, splits, tmp_path, "ranking", "mf", "all")
    again = tmp_path / "again"
    _, training = exported(judged, graph, splits, again, "ranking", "mf", "all", base_model=str(path))
    assert training["warm_start"]["cold_because"] == ""
    assert sum(table["new"] for table in training["warm_start"]["rows"].values()) == 0


def test_a_killed_refit_is_gone_on_from(judged, graph, splits, tmp_path, monkeypatch):
    wanted = asked_for(
        judged, graph, splits, "ranking", "mf", "all", backup_dir=str(tmp_path / "backup"), code="abc"
    )
    with monkeypatch.context() as killed:  # after its last epoch, before the backup was removed
        killed.setattr("trainer.training.backup.Backup.on_train_end", lambda self, logs=None: None)
        with eagerly():
            first = refit_model(wanted).result
    again = refit_model(wanted).result
    assert again.resumed == again.epochs == first.epochs >= 1
    np.testing.assert_array_equal(scored("ranking", again.model), scored("ranking", first.model))
    assert not list((tmp_path / "backup").glob("*"))


def test_weights_of_other_users_are_refused_for_what_everything_is_seen_in(judged, graph, splits):
    folder = judged("ranking", "mf")
    trained = Trained.read(folder / "model" / "trained")
    other = Trained(trained.kind, trained.weights, trained.keys | {"user": ("", *["x"] * 80)})
    with pytest.raises(TrainingError, match="knows other users or items"):
        put_weights(
            other, refit_model(asked_for(judged, graph, splits, "ranking", "mf", "seen")).result.model
        )


def test_vocabularies_are_counted_as_transform_counts_them(files, data):
    counted = count_vocabularies([f"{files}/train*"], shipped("movielens"))
    theirs = data.catalogue.vocabularies
    train, _ = read_train([f"{files}/train*"], counted)
    assert counted.by_name().keys() == theirs.by_name().keys()
    for name, words in counted.by_name().items():
        assert set(words) == set(theirs.by_name()[name])
    times = Counter(train.user.tolist())
    assert [times[row] for row in range(1, 81)] == sorted(times.values(), reverse=True)


def test_what_is_seen_is_in_the_order_of_time(graph, splits, columns):
    others = splits["eval"] + splits["test"]
    _, whole = RatingData.with_everything_seen(splits["train"], others, graph, shipped("movielens"))
    catalogue = whole.catalogue
    known = Counter(pairs(splits["train"]) + pairs(splits["eval"]) + pairs(splits["test"]))
    assert len(catalogue.watched.values) == sum(
        times for (user, film), times in known.items() if user != b"new user" and film != b"new film"
    )
    assert catalogue.rows == 2500  # train's still: what was learned from
    rows = zip(columns["timestamp"], columns["user_id"], columns["movie_id"], strict=True)
    films = [film for _, user, film in sorted(rows) if user == "u3"]
    ids = catalogue.watched[catalogue.vocabularies.user_id.index("u3") + 1]
    assert [catalogue.vocabularies.movie_id[film - 1] for film in ids] == films

"""The check on ratings whose popularity changes with time, and on all that it cannot be made of."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tfx.types import Channel, standard_artifacts

from components.movielens_example_gen.shipped import shipped
from components.temporal_check import TemporalCheck
from components.temporal_check.executor import Executor
from components.temporal_check.question import DAY, Question
from trainer.data.description import Description

START = 880_000_000
SETTINGS = {
    "ranking": {"model": {"kind": "mf", "dim": 2, "members": 1}, "train": {"epochs": 3, "batch_size": 200}},
    "retrieval": {"model": {"kind": "two_tower", "dim": 4}, "train": {"epochs": 3, "batch_size": 200}},
}


def ratings(users=60, films=40, rows=1500):
    """Old films for half the time, then new ones: (user, film, stars, time)."""
    random = np.random.default_rng(3)
    found = {}
    for place in range(rows):
        late = place > rows // 2
        user, film = int(random.integers(users)), int(random.integers(films // 2)) + films // 2 * late
        if (user, film) not in found:
            found[user, film] = (1 + (user + film) % 5, START + place * 200 * DAY // rows)
    return [(f"u{u}", f"m{f}", float(stars), time) for (u, f), (stars, time) in found.items()]


def write(folder, rows):
    """Rows spread over three splits, as ingest leaves them."""
    lots = {"train": (0, *range(3, 10)), "eval": (1,), "test": (2,)}
    for split, digits in lots.items():
        part = [row for place, row in enumerate(rows) if place % 10 in digits]
        (folder / f"Split-{split}").mkdir(parents=True)
        file = str(folder / f"Split-{split}" / "data.gz")
        with tf.io.TFRecordWriter(file, tf.io.TFRecordOptions("GZIP")) as writer:
            for user, film, stars, time in part:
                feature = {
                    name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[text.encode()]))
                    for name, text in {"user_id": user, "movie_id": film, "movie_title": film}.items()
                }
                feature["user_rating"] = tf.train.Feature(float_list=tf.train.FloatList(value=[stars]))
                feature["timestamp"] = tf.train.Feature(int64_list=tf.train.Int64List(value=[time]))
                example = tf.train.Example(features=tf.train.Features(feature=feature))
                writer.write(example.SerializeToString())
    return folder


def artifact(kind, path):
    path.mkdir(parents=True, exist_ok=True)
    made = kind()
    made.uri = str(path)
    return made


@pytest.fixture
def check(tmp_path):
    """Runs the executor on rows; gives `temporal.json`."""

    def run(rows, mode="auto", counted=None, backup="", settings=SETTINGS, epochs=2, description=None):
        examples = artifact(standard_artifacts.Examples, write(tmp_path / "examples", rows))
        examples.split_names = '["train", "eval", "test"]'
        if counted is not None:
            (tmp_path / "examples" / "ingest.json").write_text(json.dumps({"rows": {"train": counted}}))
        given = {"examples": [examples]}
        for task, said in settings.items():
            made = artifact(standard_artifacts.ModelRun, tmp_path / task)
            (tmp_path / task / "training.json").write_text(
                json.dumps({"settings": said, "best_epoch": epochs, "epochs": 3})
            )
            given[f"{task}_run"] = [made]
        outputs = {"check": [artifact(standard_artifacts.ModelEvaluation, tmp_path / "check")]}
        parameters = {
            "mode": mode, "candidates": 20, "rating_weight": 0.2, "min_rating": "", "backup_dir": backup,
            "description": (description or shipped("movielens")).model_dump_json(), "code_fingerprint": "",
        }  # fmt: skip
        Executor().Do(given, outputs, parameters)
        return json.loads((tmp_path / "check" / "temporal.json").read_text())

    return run


def test_models_are_trained_on_older_ratings_and_asked_about_newer_ones(check, tmp_path):
    rows = ratings()
    found = check(rows, backup=str(tmp_path / "kept"))

    assert found["made"] is True
    moment = sorted(row[3] for row in rows)[-round(len(rows) * 0.2)]
    assert found["moment"] == moment
    assert found["last"] == max(row[3] for row in rows)
    assert found["rows"]["judged"] == sum(row[3] >= moment for row in rows)
    assert found["rows"]["train"] == sum(row[3] < moment for row in rows)
    assert found["trained"] == {
        "ranking": {"kind": "mf", "epochs": 2},
        "retrieval": {"kind": "two_tower", "epochs": 2},
    }
    known = found["lists"]["known"]
    assert known["recent"]["value"] > known["popularity"]["value"]  # new films had come
    for name in ("popularity", "recent"):
        difference, interval = known["recommender"]["value"] - known[name]["value"], known[f"less_{name}"]
        assert interval["value"] == pytest.approx(difference)
        assert interval["low"] < difference < interval["high"]
    assert found["days"] in (7, 30, 90)
    assert found["ratings"]["rows"] == found["rows"]["judged"]
    assert found["ratings"]["biases"]["value"] < 2
    assert {path.name for path in (tmp_path / "kept").iterdir()} == {"ranking", "retrieval"}


def test_newcomers_are_asked_about_as_nobody_in_particular(check):
    late = START + 300 * DAY
    found = check([*ratings(), *((f"new{n}", f"m{n % 7 + 20}", 4.0, late) for n in range(40))])

    new = found["lists"]["new"]
    assert new["users"] == 40
    assert 0 <= new["recommender"]["value"] <= 1
    assert new["less_recent"]["value"] == pytest.approx(new["recommender"]["value"] - new["recent"]["value"])


@pytest.mark.parametrize(
    ("rows", "mode", "counted", "why"),
    [
        ([(*row[:3], 0) for row in ratings()], "always", None, "no times that differ"),
        (ratings(), "auto", 2_000_000, "2,000,000 ratings are more than"),
        (
            [
                # From day 90 on nobody rates twice.
                (f"{row[0]}-{place if row[3] > START + 90 * DAY else ''}", *row[1:])
                for place, row in enumerate(ratings())
            ],
            "auto",
            None,
            "nobody of",
        ),
    ],
)
def test_what_cannot_be_checked_is_said_and_fails_nothing(check, rows, mode, counted, why):
    found = check(rows, mode, counted)

    assert found["made"] is False
    assert why in found["why_not"]


@pytest.mark.parametrize(
    ("mode", "counted", "why"),
    [
        ("always", None, "the interactions have no times that differ"),
        ("auto", 3_000_000, "3,000,000 interactions are more than"),
    ],
)
def test_implicit_data_are_called_interactions(check, mode, counted, why):
    rows = [(*row[:3], 0) for row in ratings()]
    assert why in check(rows, mode, counted, description=Description(feedback="implicit"))["why_not"]


def test_a_training_that_diverges_costs_the_figure_alone(check):
    broken = {"model": {"kind": "mf"}, "train": {"learning_rate": 1e30, "optimizer": "sgd"}}
    found = check(ratings(), settings={**SETTINGS, "ranking": broken})

    assert found["made"] is False
    assert "diverged" in found["why_not"]


def question(rows, share=0.2):
    from trainer.data import catalogue as catalogues
    from trainer.data.rating_data import RatingData
    from trainer.data.vocabularies import Vocabularies

    names = ("user_id", "movie_id", "user_rating", "timestamp")
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    vocabularies = Vocabularies.from_columns(columns, shipped("movielens"))
    return Question.of(RatingData(*_data(catalogues.from_columns(columns, vocabularies))), None, share)


def _data(found):
    train, catalogue = found
    return train, None, catalogue


def test_the_days_are_chosen_by_the_older_ratings_alone():
    asked = question(ratings())
    later = [(*row[:2], 5.0, row[3]) if row[3] > asked.split.moment else row for row in ratings()]

    assert question(later).by_days == asked.by_days
    assert asked.days == max(asked.by_days, key=lambda days: (asked.by_days[days], days))


def test_biases_of_the_older_ratings_expect_the_newer_ones():
    # Film m1 is two stars better than m2 for everybody; u0 gives a star less than others.
    rows = [
        (f"u{u}", f"m{f}", 3.0 + (f == 1) - (f == 2) - (u == 0), START + 100 * u + f)
        for u in range(200)
        for f in range(3)
    ]
    rows.append(("u0", "m9", 1.0, START + 10**6))
    asked = question([*rows, ("u0", "m1x", 3.0, START), ("u1", "m0", 3.0, START + 10**6)], 0.001)

    expected = dict(zip(asked.split.after.user.tolist(), asked.biases(), strict=True))
    assert len(expected) == 2
    assert min(expected.values()) < max(expected.values())


def test_the_node_takes_two_trainings_and_gives_one_figure():
    node = TemporalCheck(
        examples=Channel(type=standard_artifacts.Examples),
        ranking_run=Channel(type=standard_artifacts.ModelRun),
        retrieval_run=Channel(type=standard_artifacts.ModelRun),
        mode="auto",
        candidates=200,
        rating_weight=0.2,
        description="{}",
        code_fingerprint="0",
    )
    assert set(node.outputs) == {"check"}
    assert node.exec_properties["backup_dir"] == ""


def test_what_was_rated_before_is_no_question_when_it_is_rated_again():
    first = [("a", "1", 4.0, 1), ("b", "2", 4.0, 2), ("a", "2", 4.0, 3)]
    asked = question([*first, ("b", "1", 4.0, 9), ("a", "1", 3.0, 9)], 0.4)
    names = asked.split.before.catalogue.vocabularies.user_id

    assert [names[user - 1] for user in asked.known.users] == ["b"]

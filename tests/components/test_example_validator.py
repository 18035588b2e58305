import json
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

import tensorflow_data_validation as tfdv  # isort: skip - after tfx, which stands in for a module it imports
import pandas as pd  # isort: skip

from components.example_validator.executor import Executor
from marquee.errors import DataError
from pipeline.config.data_schema import DataSchema


def ratings(n=400, stars=(1.0, 3.0, 4.0, 5.0), genre="Drama"):
    return pd.DataFrame(
        {
            "user_id": [f"{i % 20}" for i in range(n)],
            "movie_id": [f"{i % 40}" for i in range(n)],
            "movie_title": [f"Film {i % 40} (1990)" for i in range(n)],
            "movie_genres": [genre if i % 2 else "Comedy" for i in range(n)],
            "timestamp": range(n),
            "user_rating": [stars[i % len(stars)] for i in range(n)],
        }
    ).astype({"user_rating": "float32"})


def statistics(folder, **splits):
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri, artifact.split_names = str(folder), json.dumps(list(splits))
    for name, frame in splits.items():
        split = folder / f"Split-{name}"
        split.mkdir(parents=True)
        made = tfdv.generate_statistics_from_dataframe(frame)
        (split / "FeatureStats.pb").write_bytes(made.SerializeToString())
    return artifact


def validate(tmp_path, frame, previous=None, evaluation=None, schema="ratings", **properties):
    given = standard_artifacts.Schema()
    given.uri = str(tmp_path / "schema")
    Path(given.uri).mkdir()
    (Path(given.uri) / "schema.pbtxt").write_text(DataSchema.read(schema).text)
    anomalies = standard_artifacts.ExampleAnomalies()
    anomalies.uri = str(tmp_path / "anomalies")
    splits = {"train": frame} | ({} if evaluation is None else {"eval": evaluation})
    inputs = {"statistics": [statistics(tmp_path / "now", **splits)], "schema": [given]}
    if previous is not None:
        inputs["previous_statistics"] = [statistics(tmp_path / "before", train=previous)]
    said = {"drift": "warn"} | {
        name: json.dumps(value) if isinstance(value, dict) else value for name, value in properties.items()
    }
    Executor().Do(inputs, {"anomalies": [anomalies]}, said)
    return json.loads((Path(anomalies.uri) / "findings.json").read_text())


def test_data_that_keeps_the_schema_passes(tmp_path):
    nothing = {"violations": [], "drift": [], "distances": [], "skew": []}
    assert validate(tmp_path, ratings()) == nothing


@pytest.mark.parametrize(
    ("frame", "feature", "reason"),
    [
        (ratings(stars=(1.0, 9.0)), "user_rating", "9"),
        (ratings(genre="Telenovela"), "movie_genres", "Telenovela"),
        (ratings().drop(columns="timestamp"), "timestamp", "completely missing"),
        (ratings().drop(columns="movie_genres"), "movie_genres", "completely missing"),
    ],
)
def test_an_anomaly_stops_the_run_with_a_table(tmp_path, frame, feature, reason):
    with pytest.raises(DataError, match=rf"train +{feature} .*({reason})"):
        validate(tmp_path, frame)


@pytest.mark.parametrize(
    "frame",
    [
        ratings(stars=(1.0, 9.0, 10.0)),
        ratings(genre="Telenovela"),
        ratings(stars=(2.5, 10.0), genre="Cooking").assign(timestamp=-5),
        ratings().drop(columns="movie_genres"),
    ],
)
def test_the_schema_that_the_data_would_keep_is_proposed_in_a_file_that_is_named(tmp_path, frame):
    with pytest.raises(DataError) as error:
        validate(tmp_path, frame)
    file = tmp_path / "proposed-schema.pbtxt"
    assert str(file) in error.value.hint
    assert "--set validate.schema=mine.pbtxt" in error.value.hint
    assert DataSchema.read(str(file)).features >= {"user_rating", "movie_genres"}
    again = tmp_path / "again"
    again.mkdir()
    assert validate(again, frame, schema=str(file))["violations"] == []


def test_missing_demographics_break_the_schema_that_promises_them(tmp_path):
    with pytest.raises(DataError, match="user_gender"):
        validate(tmp_path, ratings(), schema="demographics")


def test_drift_from_the_run_before_is_written_down(tmp_path):
    found = validate(tmp_path, ratings(stars=(1.0, 1.0, 2.0)), previous=ratings())

    assert [row["feature"] for row in found["drift"]] == ["user_rating"]
    assert found["violations"] == []


def test_how_far_the_data_is_from_the_run_before_is_written_down_below_the_limit_too(tmp_path):
    found = validate(tmp_path, ratings(), previous=ratings(stars=(1.0, 1.0, 2.0)))
    distances = {row["feature"]: row for row in found["distances"]}

    assert set(distances) == {"user_rating", "movie_genres"}
    assert distances["user_rating"]["distance"] > distances["user_rating"]["limit"] == 0.02
    assert distances["movie_genres"] == {
        "split": "train",
        "feature": "movie_genres",
        "measure": "l_infty",
        "distance": 0.0,
        "limit": 0.02,
    }


def test_the_same_data_does_not_drift(tmp_path):
    assert validate(tmp_path, ratings(), previous=ratings())["drift"] == []


def test_drift_stops_the_run_where_it_is_told_to(tmp_path):
    with pytest.raises(DataError, match="drifted from the previous run") as error:
        validate(tmp_path, ratings(genre="War"), previous=ratings(), drift="stop")

    assert "validate.drift=warn" in error.value.hint


# Half of the films are comedies; of the other half's genre one in twenty changes: an L-infinity of 0.025.
SOME_WAR = ratings()
SOME_WAR.loc[[i for i in range(400) if i % 40 == 1], "movie_genres"] = "War"


@pytest.mark.parametrize(
    ("thresholds", "drifted"),
    [
        ({}, ["movie_genres"]),  # the schema's own, 0.02
        ({"movie_genres": {"infinity_norm": 0.024}}, ["movie_genres"]),
        ({"movie_genres": {"infinity_norm": 0.026, "jensen_shannon_divergence": None}}, []),
        ({"movie_genres": None}, []),
        ({"movie_genres": {"jensen_shannon_divergence": 0.5}}, []),
        ({"movie_genres": None, "movie_title": {"infinity_norm": 0.0}}, []),
    ],
)
def test_a_drift_threshold_takes_the_place_of_the_schemas(tmp_path, thresholds, drifted):
    found = validate(tmp_path, SOME_WAR, previous=ratings(), drift_thresholds=thresholds)
    assert [row["feature"] for row in found["drift"]] == drifted


@pytest.mark.parametrize(("threshold", "skewed"), [(0.024, ["movie_genres"]), (0.026, [])])
def test_skew_is_of_eval_against_train_and_only_where_there_is_a_threshold(tmp_path, threshold, skewed):
    found = validate(
        tmp_path,
        ratings(),
        evaluation=SOME_WAR.assign(user_rating=5.0).astype({"user_rating": "float32"}),
        skew_thresholds={"movie_genres": {"infinity_norm": threshold}},
    )
    assert [(row["split"], row["feature"]) for row in found["skew"]] == [("eval", name) for name in skewed]
    assert found["drift"] == []


def test_skew_stops_the_run_where_it_is_told_to(tmp_path):
    with pytest.raises(DataError, match=r"eval is not like train.*\n  eval   movie_genres") as error:
        validate(
            tmp_path,
            ratings(),
            evaluation=SOME_WAR,
            skew="stop",
            skew_thresholds={"movie_genres": {"infinity_norm": 0.01}},
        )
    assert "validate.skew=warn" in error.value.hint

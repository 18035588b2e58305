import json
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

import tensorflow_data_validation as tfdv  # isort: skip - after tfx, which stands in for a module it imports
import pandas as pd  # isort: skip

from components.example_validator.executor import Executor
from trainer.errors import DataError

SCHEMAS = Path(__file__).resolve().parents[2] / "pipeline" / "schemas"


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


def statistics(folder, frame):
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri, artifact.split_names = str(folder), '["train"]'
    split = folder / "Split-train"
    split.mkdir(parents=True)
    made = tfdv.generate_statistics_from_dataframe(frame)
    (split / "FeatureStats.pb").write_bytes(made.SerializeToString())
    return artifact


def validate(tmp_path, frame, previous=None, drift="warn", schema="ratings"):
    given = standard_artifacts.Schema()
    given.uri = str(tmp_path / "schema")
    Path(given.uri).mkdir()
    (Path(given.uri) / "schema.pbtxt").write_text((SCHEMAS / f"{schema}.pbtxt").read_text())
    anomalies = standard_artifacts.ExampleAnomalies()
    anomalies.uri = str(tmp_path / "anomalies")
    inputs = {"statistics": [statistics(tmp_path / "now", frame)], "schema": [given]}
    if previous is not None:
        inputs["previous_statistics"] = [statistics(tmp_path / "before", previous)]
    Executor().Do(inputs, {"anomalies": [anomalies]}, {"drift": drift})
    return json.loads((Path(anomalies.uri) / "findings.json").read_text())


def test_data_that_keeps_the_schema_passes(tmp_path):
    assert validate(tmp_path, ratings()) == {"violations": [], "drift": [], "distances": []}


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

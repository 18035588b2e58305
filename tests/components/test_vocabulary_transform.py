"""VocabularyTransform: the vocabularies that TFT computes, byte for byte, without TFT's time."""

import json
from pathlib import Path

import pytest
import tensorflow as tf
import tensorflow_transform as tft
from tfx.types import standard_artifacts

from components.vocabulary_transform.counting import NO_WORD
from components.vocabulary_transform.executor import Executor
from tests.components.described_examples import DESCRIPTION, SCHEMA, write_examples
from tests.components.tfx_originals import (
    artifact,
    context,
    examples_artifact,
    schema_artifact,
    tfx_transform_graph,
    transform_properties,
)
from trainer.data.vocabularies import Vocabularies


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    return write_examples(tmp_path_factory.mktemp("examples"))


def transformed(examples, description, schema, folder):
    made = artifact(standard_artifacts.TransformGraph, folder / "ours")
    Executor(context(folder)).Do(
        {
            "examples": [examples_artifact(examples)],
            "schema": [schema_artifact(folder / "ours-schema", schema)],
        },
        {"transform_graph": [made]},
        transform_properties("components.vocabulary_transform.preprocessing.preprocessing_fn", description),
    )
    return Path(made.uri)


@pytest.fixture(scope="module")
def graphs(examples, tmp_path_factory):
    """Our folder, and TFX's."""
    folder = tmp_path_factory.mktemp("graphs")
    theirs = tfx_transform_graph(examples, SCHEMA, DESCRIPTION, folder / "theirs")
    return transformed(examples, DESCRIPTION, SCHEMA, folder), theirs


def files(folder):
    return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def test_each_vocabulary_equals_tft_s_byte_for_byte(graphs):
    ours, theirs = (
        {name: path.read_bytes() for name, path in files(graph / "transform_fn" / "assets").items()}
        for graph in graphs
    )

    assert ours == theirs
    assert set(ours) == {
        "user_id", "movie_id", "movie_title", "movie_genres", "movie_plot", "movie_studio", "movie_empty",
    }  # fmt: skip


def test_words_are_what_the_description_says(graphs):
    assets = graphs[0] / "transform_fn" / "assets"
    lines = {path.name: path.read_bytes().splitlines() for path in assets.iterdir()}

    assert set(lines["movie_title"]) == {b"Heat", "Amélie".encode(), b"\xff\xfe", b" Heat", b"heat"}
    assert lines["movie_genres"] == [b"Drama", b"Comedy"]
    assert len(lines["movie_plot"]) == 7
    assert lines["movie_plot"][:2] == [b"a", b"boy"] or lines["movie_plot"][:2] == [b"boy", b"a"]
    assert "Éc".encode() in lines["movie_studio"]
    assert lines["movie_empty"] == [NO_WORD]


def test_the_artifact_holds_what_tfx_s_holds(graphs):
    ours, theirs = map(files, graphs)

    assert set(ours) == set(theirs)
    for name in ("metadata/schema.pbtxt", "transformed_metadata/schema.pbtxt"):
        assert ours[name].read_text() == theirs[name].read_text()
    ours, theirs = (json.loads(each["transformed_metadata/asset_map"].read_text()) for each in (ours, theirs))
    assert ours == theirs


def test_tft_reads_the_artifact(graphs):
    output = tft.TFTransformOutput(str(graphs[0]))
    found = output.transform_features_layer()({"user_rating": tf.constant([3.5, 2.0])})

    assert output.vocabulary_size_by_name("movie_genres") == 2
    assert output.vocabulary_by_name("movie_genres") == [b"Drama", b"Comedy"]
    assert Path(output.vocabulary_file_by_name("user_id")).name == "user_id"
    assert found["user_rating"].numpy().tolist() == [3.5, 2.0]


def test_the_trainer_reads_the_artifact(graphs):
    ours, theirs = (Vocabularies.from_transform(str(graph), DESCRIPTION) for graph in graphs)

    assert ours.by_name() == theirs.by_name()
    assert ours.words["genres"] == ("Drama", "Comedy")

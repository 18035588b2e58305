"""DataStatistics: the numbers of TFX's StatisticsGen, of all rows or of an even sample."""

import json
from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.data_statistics.executor import Executor, step
from tests.components.described_examples import write_examples
from tests.components.tfx_originals import (
    artifact,
    context,
    differences,
    examples_artifact,
    statistics_of,
    tfx_statistics,
)

ROWS = {"train": 300, "eval": 20, "test": 20}


@pytest.fixture(scope="module")
def examples(tmp_path_factory):
    folder = write_examples(tmp_path_factory.mktemp("examples"))
    (folder / "ingest.json").write_text(json.dumps({"rows": ROWS}))
    return folder


def statistics(examples, folder, sample_rows=None):
    made, given = artifact(standard_artifacts.ExampleStatistics, folder / "ours"), examples_artifact(examples)
    given.span = 7
    Executor(context(folder)).Do({"examples": [given]}, {"statistics": [made]}, {"sample_rows": sample_rows})
    return made


def test_the_numbers_are_those_of_tfx(examples, tmp_path):
    ours = statistics(examples, tmp_path)
    theirs = tfx_statistics(examples, tmp_path / "theirs")

    for split in ROWS:
        assert differences(statistics_of(Path(ours.uri), split), statistics_of(theirs, split)) == []
    assert json.loads(ours.split_names) == sorted(ROWS)
    assert ours.span == 7
    assert json.loads((Path(ours.uri) / "sample.json").read_text())["train"] == {"rows": 300, "every": 1}


def test_a_sample_is_even_and_the_same_each_time(examples, tmp_path):
    first, again = (statistics(examples, tmp_path / name, sample_rows=100) for name in ("a", "b"))
    found = statistics_of(Path(first.uri), "train")

    # Of shards with 130, 130 and 40 rows every third: 44, 44 and 14.
    assert found[""]["num_examples"] == "102"
    assert found["timestamp"]["num_stats"]["mean"] == pytest.approx(149.5, abs=2)
    assert found == statistics_of(Path(again.uri), "train")
    assert json.loads((Path(first.uri) / "sample.json").read_text()) == {
        "eval": {"rows": 20, "every": 1},
        "test": {"rows": 20, "every": 1},
        "train": {"rows": 300, "every": 3},
    }


def test_counts_in_a_sample_are_of_the_sample(examples, tmp_path):
    found = statistics_of(Path(statistics(examples, tmp_path, sample_rows=100).uri), "train")
    size = found["movie_size"]["string_stats"]

    assert size["common_stats"]["num_non_missing"] == "102"
    assert size["top_values"] == [{"value": "s", "frequency": 102.0}]


@pytest.mark.parametrize(
    ("rows", "at_most", "every"),
    [(10, None, 1), (10, 10, 1), (11, 10, 2), (20, 10, 2), (21, 10, 3), (0, 10, 1)],
)
def test_the_step_leaves_at_most_so_many_rows(rows, at_most, every):
    assert step(rows, at_most) == every

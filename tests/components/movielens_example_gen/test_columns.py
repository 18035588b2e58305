"""What ingestion writes as columns beside the tf.Examples says the same as these."""

import shutil
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from described_files import lines, shop
from movielens_files import write_100k, write_files
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.executor import Executor
from trainer.data.catalogue import read_train
from trainer.data.columns import FOLDER, Columns
from trainer.data.count_vocabularies import count_vocabularies
from trainer.data.features import EVENT
from trainer.data.pairs.trained_on import rating_pairs
from trainer.data.ratings import Ratings

SPLITS = ("train", "eval", "test")


def ingest(config: DataConfig, out: Path) -> list[str]:
    """Runs the executor; returns the patterns of the splits."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(out)
    out.mkdir()
    properties = {"input_base": str(config.path), "config": config.model_dump_json()}
    Executor(BaseBeamExecutor.Context()).Do({}, {"examples": [artifact]}, properties)
    return [f"{out}/Split-{split}/*" for split in SPLITS]


@pytest.fixture(scope="module", params=["ml-100k", "shop", "events"])
def both(request, tmp_path_factory):
    """The description, and the patterns of an artifact with columns and of the same one without."""
    folder = tmp_path_factory.mktemp("columns")
    if request.param == "ml-100k":
        rows = "".join(
            f"{7 + t % 2}\t{1 + t * 7 % 11}\t{1 + t % 5}\t{1_300_000_000 + t}\n" for t in range(200)
        )
        data = write_100k(folder / "data", rows, films=9)  # two films are not described
        config = DataConfig(dataset="custom", path=str(data), split={"kind": "random"}, shards=3)
    else:
        strength = {"count": "count"}
        if request.param == "events":
            strength = {"event": {"column": "count", "weights": {"1": 1, "2": 2, "3": 5, "4": 5}}}
        events = "who,what,count\n" + "".join(f"u{t % 9},i{t % 13},{1 + t % 4}\n" for t in range(300))
        items = lines(
            *({"id": f"i{n}", "title": f"A thing, no {n % 5}", "tags": ["x", f"t{n % 3}"]} for n in range(20))
        )
        people = "who,country,age\n" + "".join(f"u{n},{'DE' if n % 2 else 'FR'},{20 + n}\n" for n in range(7))
        data = write_files(folder / "data", events__csv=events, items__jsonl=items, people__csv=people)
        config = shop(
            data,
            interactions={"path": "events.csv", **strength},
            items={
                "path": "items.jsonl",
                "id": "id",
                "title": "title",
                "features": {"tags": {"type": "categories"}, "said": {"type": "text", "column": "title"}},
            },
            users={
                "path": "people.csv",
                "id": "who",
                "features": {"country": {"type": "category"}, "age": {"type": "number"}},
            },
            shards=2,
        )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Executor, "_make_beam_pipeline", lambda self: beam.Pipeline(runner=FnApiRunner()))
        fast = ingest(config, folder / "fast")
    shutil.copytree(folder / "fast", folder / "slow")
    shutil.rmtree(folder / "slow" / FOLDER)
    return config.description, fast, [pattern.replace("/fast/", "/slow/") for pattern in fast]


def sorted_rows(ratings: Ratings) -> np.ndarray:
    told = ratings.context.get(EVENT, np.zeros(len(ratings), np.int32))
    rows = np.stack([ratings.user, ratings.movie, ratings.rating, ratings.timestamp, told])
    return rows[:, np.lexsort(rows)]


def test_they_are_found_where_they_are(both):
    _, fast, slow = both
    assert len(Columns.beside(fast)) == len(Columns.beside(fast[:1])) + len(Columns.beside(fast[1:]))
    assert Columns.beside(slow) is None
    assert Columns.beside([*fast, *slow]) is None


def test_vocabularies_and_ratings_are_the_same(both):
    description, fast, slow = both
    of_train = [count_vocabularies(patterns[:1], description) for patterns in (fast, slow)]
    assert of_train[0] == of_train[1]
    assert count_vocabularies(fast, description) == count_vocabularies(slow, description)
    for split in range(3):
        found = [Ratings.from_files(patterns[split : split + 1], of_train[0]) for patterns in (fast, slow)]
        np.testing.assert_array_equal(*map(sorted_rows, found))
        assert (EVENT in found[0].context) == (description.events is not None)
        for name, column in found[0].features().items():
            assert column.dtype == found[1].features()[name].dtype


def test_users_and_items_have_the_same_features(both):
    description, fast, slow = both
    vocabularies = count_vocabularies(slow[:1], description)
    found = [read_train(patterns[:1], vocabularies)[1].attributes for patterns in (fast, slow)]
    assert found[0].titles.tolist() == found[1].titles.tolist()
    for key in (*description.select("user"), *description.select("item")):
        new, old = (each.table(key) for each in found)
        np.testing.assert_array_equal(new.weights(), old.weights())


def test_rows_are_recognised_by_the_same_hashes(both):
    description, fast, slow = both
    for split in range(3):
        found = [rating_pairs(patterns[split : split + 1], description) for patterns in (fast, slow)]
        np.testing.assert_array_equal(*map(np.sort, found))

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from movielens_files import custom, write_files
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts

from components.movielens_example_gen.executor import Executor
from trainer.data.features import MOVIE_ID, SPLITS, USER_ID
from trainer.data.pairs.pair_hash import lots, pair_hashes

RATINGS = [(user, movie) for user in range(1, 31) for movie in range(1, 21)]


@pytest.fixture(autouse=True)
def fn_api_runner(monkeypatch):
    """Beam's in-process runner, without the package that TFX builds when it is named in arguments."""
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    monkeypatch.setattr(Executor, "_make_beam_pipeline", lambda self: beam.Pipeline(runner=FnApiRunner()))


@pytest.fixture
def sides(tmp_path):
    """From lines of a ratings file, or of several spans, to each pair's split, as ingest writes them."""

    def of(name, *files, write=str, **settings) -> dict[tuple[int, int], str]:
        texts = [
            "userId,movieId,rating\n" + "".join(f"{write(u)},{write(m)},{1 + (u + m) % 5}\n" for u, m in rows)
            for rows in files
        ]
        folder, spans = tmp_path / name, "spans" in settings
        for number, text in enumerate(texts, start=1):
            write_files(folder / f"span-{number:04d}" if spans else folder, ratings__csv=text)
        artifact = standard_artifacts.Examples()
        artifact.uri = str(tmp_path / f"{name} examples")
        (tmp_path / f"{name} examples").mkdir()
        config = custom(folder, **{"split": {"kind": "hash", "eval": 0.2, "test": 0.2}, **settings})
        properties = {"input_base": str(folder), "config": config.model_dump_json()}
        Executor(BaseBeamExecutor.Context()).Do({}, {"examples": [artifact]}, properties)
        found = {}
        for split in SPLITS:
            paths = [str(path) for path in (tmp_path / f"{name} examples" / f"Split-{split}").iterdir()]
            for record in tf.data.TFRecordDataset(paths, "GZIP").as_numpy_iterator():
                feature = tf.train.Example.FromString(record).features.feature
                user, movie = (feature[key].bytes_list.value[0] for key in (USER_ID, MOVIE_ID))
                pair = int(float(user)), int(float(movie))
                assert found.setdefault(pair, split) == split, f"{pair} is on two sides"
        return found

    return of


def test_a_rating_keeps_its_side_as_data_grows_is_reordered_cut_up_or_written_otherwise(sides):
    before = sides("before", RATINGS[:400])
    shuffled = [RATINGS[row] for row in np.random.default_rng(0).permutation(len(RATINGS))]

    grown = sides("grown", shuffled, shards=5)

    assert before.items() <= grown.items()
    assert sides("floats", RATINGS, write=lambda number: f"{number}.0") == grown
    assert sides("first users", RATINGS, max_users=20) == before
    assert sides("spans", RATINGS[:300], RATINGS[300:], spans={}) == grown


def test_shares_are_near_what_was_asked_for_and_eval_has_the_lowest_lots(sides):
    found = sides("all", RATINGS)

    sizes = Counter(found.values())
    assert sizes["eval"] == pytest.approx(120, abs=30)
    assert sizes["test"] == pytest.approx(120, abs=30)
    drawn = lots(pair_hashes(*zip(*found, strict=True)))
    expected = np.where(drawn < 0.2, "eval", np.where(drawn < 0.4, "test", "train"))
    assert expected.tolist() == list(found.values())


def test_ratings_of_one_pair_are_all_on_one_side_and_all_kept(sides):
    assert sides("twice", RATINGS + RATINGS[::-1], shards=3) == sides("once", RATINGS)

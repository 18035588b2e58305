"""The sums and TFMA's own pipeline give the same files, key by key and value by value."""

import json

import pytest

# tfx first: it gives tensorflow_model_analysis its EvalConfig.
import tfx.components  # noqa: F401  isort: skip
import tensorflow_model_analysis as tfma  # isort: skip

from components.ranking_evaluator.slice_sums import known
from pipeline.dag.eval_config import Slices, eval_config
from tests.components.ranking_evaluator import judged


@pytest.fixture(scope="module")
def ratings(tmp_path_factory):
    return judged.of_ratings(tmp_path_factory.mktemp("ratings"))


@pytest.fixture(scope="module")
def plays(tmp_path_factory):
    return judged.of_plays(tmp_path_factory.mktemp("plays"))


@pytest.fixture(scope="module")
def twice(ratings, plays, tmp_path_factory):
    """Evaluates a case by both, once for all tests."""
    kept = {}

    def evaluate(data: str, baseline: bool):
        if (data, baseline) not in kept:
            case = {"ratings": ratings, "plays": plays}[data]
            kept[data, baseline] = judged.by_both(case, tmp_path_factory.mktemp(data), baseline)
        return kept[data, baseline]

    return evaluate


@pytest.mark.parametrize(
    "baseline", [pytest.param(False, marks=pytest.mark.slow), True], ids=["alone", "with a baseline"]
)
@pytest.mark.parametrize("data", ["ratings", "plays"])
def test_every_metric_of_every_slice_is_tfmas(twice, data, baseline):
    sums, by_tfma = twice(data, baseline)

    judged.assert_same(sums, by_tfma)
    assert {file.name for file in sums.iterdir()} == {file.name for file in by_tfma.iterdir()}
    verdicts = [json.loads((folder / "verdicts.json").read_text()) for folder in (sums, by_tfma)]
    assert verdicts[0]["change"].keys() == verdicts[1]["change"].keys()
    for model, changes in verdicts[0]["change"].items():
        for measure, change in changes.items():
            other = verdicts[1]["change"][model][measure]
            assert change["standard_error"] == other["standard_error"]
            assert change["mean"] == pytest.approx(other["mean"], abs=1e-6)


def test_what_reads_tfmas_files_reads_these_as_well(twice):
    sums, by_tfma = twice("ratings", True)

    assert tfma.load_validation_result(str(sums)) == tfma.load_validation_result(str(by_tfma))
    found, expected = (tfma.load_eval_result(str(folder)) for folder in (sums, by_tfma))
    assert found.config == expected.config
    for part in ("slicing_metrics", "plots", "attributions"):
        keys, of_tfma = ({key for key, _ in getattr(each, part)} for each in (found, expected))
        assert keys == of_tfma
    assert (found.data_location, found.file_format) == (expected.data_location, expected.file_format)
    assert found.model_location == expected.model_location
    assert ("activity", "heavy") in {key[0] for key, _ in found.slicing_metrics if key}


def test_strange_slices_are_tfmas_too(ratings, tmp_path):
    columns = {
        "user_id": ["u1", "u1", "u1", "u2", "u3", "nobody", "nobody", "u4", "u4"],
        "movie_id": ["m1", "m2", "m2", "m3", "m4", "nothing", "nothing else", "m5", "m6"],
        "user_rating": [3.0, 5.0, 1.0, 4.0, 4.0, 0.0, 0.0, 2.0, 2.0],
        "movie_genres": [["A", "A"], ["A", "B"], None, ["C"], ["B"], ["D"], ["D"], ["é"], ["B"]],
        "raw_user_age": [17.0, 17.0, 17.0, 40.0, None, 60.0, 60.0, float("nan"), float("nan")],
        "user_gender": ["F", "F", "F", None, "M", "X", "X", "", ""],
    }
    examples = judged.write(tmp_path / "examples", columns)

    sums, by_tfma = judged.by_both(ratings, tmp_path, True, examples=examples)

    judged.assert_same(sums, by_tfma)
    found = json.loads((sums / "slices.json").read_text())
    assert found["movie_genres"]["C"]["candidate"]["example_count"] == 1  # one row
    assert found["movie_genres"]["A"]["candidate"]["example_count"] == 2  # a word that is given twice
    assert found["user_gender"]["X"]["candidate"]["calibration"] is None  # no stars at all
    assert found["user_gender"]["X"]["candidate"]["rated_ndcg@10"] is None


def test_nan_ratings_are_in_every_metric_what_tfma_says(ratings, tmp_path):
    columns = judged.rows(judged.ratings(), range(40))
    columns["user_rating"][3] = columns["user_rating"][17] = float("nan")
    examples = judged.write(tmp_path / "examples", columns)

    sums, by_tfma = judged.by_both(ratings, tmp_path, False, examples=examples)

    judged.assert_same(sums, by_tfma)


def test_what_the_sums_do_not_know_tfma_measures(ratings, tmp_path):
    config = eval_config(Slices(("user_gender",)))
    config.metrics_specs[0].metrics.append(tfma.MetricConfig(class_name="MeanLabel"))
    config.slicing_specs.append(tfma.SlicingSpec(feature_keys=["user_gender", "movie_genres"]))
    assert not known(config)

    folder = ratings.evaluated(tmp_path, "sums", False, config=config)

    found = tfma.load_eval_result(str(folder))
    assert "mean_label" in dict(found.slicing_metrics)[()][""][""]
    assert max(len(key) for key, _ in found.slicing_metrics) == 2

from pathlib import Path

import numpy as np
import pytest
from tfx.types import standard_artifacts

from components.bars import Overlap
from components.baseline import drop_missing, drop_other_names, eval_overlap
from components.model_in_front.executor import Executor
from serving.versions.placement import content, placement
from serving.versions.version_sets import push_set
from serving.versions.versions import push, rollback
from trainer.data.description import Description
from trainer.data.names import Names
from trainer.data.pairs.trained_on import TrainedOn
from trainer.export.description import write_description


@pytest.fixture
def models(tmp_path):
    """A folder of served models: two versions of `ranking`."""
    for text in ("first", "second"):
        source = tmp_path / text
        source.mkdir()
        (source / "saved_model.pb").write_text(text)
        push(source, tmp_path / "models", "ranking", keep=5)
    return tmp_path / "models"


def found(models, name, folder, judged=1) -> standard_artifacts.Model:
    model = standard_artifacts.Model()
    model.uri = str(folder)
    folder.mkdir()
    Executor(None).Do({}, {"model": [model]}, {"serving_models": str(models), "name": name, "judged": judged})
    return model


def test_the_version_that_servers_answer_from_is_copied(models, tmp_path):
    model = found(models, "ranking", tmp_path / "out")
    assert content(Path(model.uri) / "Format-Serving") == content(models / "ranking" / "2")
    assert model.get_string_custom_property("pushed_version") == "2"
    assert drop_missing({"baseline_model": [model]}) == {"baseline_model": [model]}


def test_after_a_roll_back_it_is_the_one_before(models, tmp_path):
    rollback(models, "ranking")
    model = found(models, "ranking", tmp_path / "out")
    assert (Path(model.uri) / "Format-Serving" / "saved_model.pb").read_text() == "first"


@pytest.mark.parametrize("folder", ["models", "nowhere"])
def test_where_nothing_is_pushed_there_is_an_artifact_without_a_model_which_counts_as_none(tmp_path, folder):
    model = found(tmp_path / folder, "retrieval", tmp_path / "out")
    assert [path.name for path in Path(model.uri).iterdir()] == ["NOTHING_IS_PUSHED"]
    assert drop_missing({"model": ["candidate"], "baseline_model": [model]}) == {"model": ["candidate"]}


@pytest.mark.parametrize("kept", [True, False])
def test_a_baseline_that_reads_other_names_is_not_compared(models, tmp_path, kept):
    model = found(models, "ranking", tmp_path / "out")
    names = Names(user="customer_id", item="product_id")
    if kept:
        write_description(tmp_path / "out" / "Format-Serving", Description(names=names))
    compared = drop_other_names({"model": ["candidate"], "baseline_model": [model]}, names)
    assert ("baseline_model" in compared) is kept


def test_a_baseline_that_a_resolver_did_not_find_is_none():
    assert drop_missing({"model": ["candidate"], "baseline_model": []}) == {"model": ["candidate"]}


def test_what_was_learned_comes_with_the_model_that_it_was_pushed_with(models, tmp_path):
    for name in ("ranking", "recommender"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_text(name)
    (tmp_path / "learned").mkdir()
    (tmp_path / "learned" / "weights.npz").write_text("weights")
    TrainedOn.of(np.array([7], np.uint64)).write(tmp_path / "learned")
    sources = {name: tmp_path / name for name in ("ranking", "recommender")}
    push_set(sources, models, keep=5, trained={"ranking": tmp_path / "learned"})

    model = found(models, "ranking", tmp_path / "out")
    assert (Path(model.uri) / "trained" / "weights.npz").read_text() == "weights"
    assert eval_overlap({"baseline_model": [model]}, np.array([7, 8], np.uint64)) == Overlap(0.5, 2)
    assert not (Path(model.uri) / "Format-Serving" / "assets.extra" / "trained").exists()
    # Known again by its content, whatever a push added.
    assert placement(sources, models).served
    assert not (Path(found(models, "recommender", tmp_path / "other").uri) / "trained").exists()


def test_of_a_refit_version_the_judged_model_is_what_later_ones_are_compared_with(models, tmp_path):
    for folder in ("refit", "refit learned", "judged/Format-Serving", "judged/trained"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("refit/saved_model.pb", "judged/Format-Serving/saved_model.pb"):
        (tmp_path / file).write_text(file)
    for file in ("refit learned/weights.npz", "judged/trained/weights.npz"):
        (tmp_path / file).write_text(file)
    source = {"ranking": tmp_path / "refit"}
    push_set(
        source,
        models,
        keep=5,
        trained={"ranking": tmp_path / "refit learned"},
        judged={"ranking": tmp_path / "judged" / "Format-Serving"},
    )

    for judged, expected in ((1, "judged/"), (0, "refit")):
        model = Path(found(models, "ranking", tmp_path / f"out {judged}", judged).uri)
        assert (model / "Format-Serving" / "saved_model.pb").read_text().startswith(expected)
        assert (model / "trained" / "weights.npz").read_text().startswith(expected)
        extra = model / "Format-Serving" / "assets.extra"
        assert {path.name for path in extra.glob("*")} <= {"version_set.json"}
    # Known again by its content, whatever travels inside it.
    assert placement(source, models).served

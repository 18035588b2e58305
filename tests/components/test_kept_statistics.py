from pathlib import Path

from tfx.types import standard_artifacts

from components.kept_statistics.executor import KEPT, KeepExecutor, PreviousExecutor


def statistics(folder, **splits) -> standard_artifacts.ExampleStatistics:
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri, artifact.split_names = str(folder), str(list(splits)).replace("'", '"')
    for name, content in splits.items():
        (folder / f"Split-{name}").mkdir(parents=True)
        (folder / f"Split-{name}" / "FeatureStats.pb").write_text(content)
    return artifact


def keep(models, artifact):
    KeepExecutor(None).Do({"statistics": [artifact]}, {}, {"serving_models": str(models)})


def previous(models, folder):
    artifact = statistics(folder)
    folder.mkdir()
    PreviousExecutor(None).Do({}, {"statistics": [artifact]}, {"serving_models": str(models)})
    return artifact


def test_what_was_kept_last_comes_back_with_its_splits(tmp_path):
    models = tmp_path / "models"
    keep(models, statistics(tmp_path / "first", train="1", eval="2"))
    keep(models, statistics(tmp_path / "second", train="3", test="4"))
    found = previous(models, tmp_path / "found")
    assert found.split_names == '["test", "train"]'
    assert Path(found.uri, "Split-train", "FeatureStats.pb").read_text() == "3"
    assert [path.name for path in (models / KEPT).iterdir()] == ["2"]


def test_while_nothing_is_kept_there_is_an_artifact_without_splits(tmp_path):
    found = previous(tmp_path / "models", tmp_path / "found")
    assert found.split_names == "[]"


def test_what_a_killed_one_left_is_swept_away(tmp_path):
    models = tmp_path / "models"
    (models / KEPT / "partial" / "Split-train").mkdir(parents=True)
    assert previous(models, tmp_path / "nothing").split_names == "[]"
    keep(models, statistics(tmp_path / "first", eval="2"))
    assert previous(models, tmp_path / "found").split_names == '["eval"]'

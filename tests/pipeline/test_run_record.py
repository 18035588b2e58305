import json
import shlex

from pipeline.run_record import RunRecord


def test_a_record_repeats_the_run_as_it_was_asked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    command = ("run", "--config", "smoke", "--set", "ranking.bless.bars={rmse: {max: 1.5}}")
    record = RunRecord.begin("r1", "marquee", command, {"name": "smoke"}, "Transform")

    assert shlex.split(record.command) == ["marquee", *command]
    assert record.from_node == "Transform"
    assert record.folder == str(tmp_path)
    assert record.versions["tensorflow"].startswith("2.")
    assert record.machine["cores"] >= 1


def test_how_it_ended_is_written_over_how_it_began(tmp_path):
    record = RunRecord.begin("r1", "marquee", ("run",), {})
    record.write(tmp_path)
    record.ended("failed", "Transform", "no space left").write(tmp_path)
    written = json.loads((tmp_path / "run.json").read_text())

    assert (written["state"], written["failed_node"], written["message"]) == (
        "failed",
        "Transform",
        "no space left",
    )
    assert written["started"] == record.started
    assert 0 <= written["seconds"] < 60
    assert [file.name for file in tmp_path.iterdir()] == ["run.json"]

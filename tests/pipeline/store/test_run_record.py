import json
import shlex

from pipeline.store.runs.record import FILE, RunRecord, recorded
from pipeline.store.workspace import Workspace


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


def test_the_command_of_a_moved_workspace_names_the_new_place(tmp_path):
    workspace = Workspace(tmp_path / "new space")
    folder = workspace.reports / "r1"
    folder.mkdir(parents=True)

    def recorded_of(command, where=str(tmp_path)):
        (folder / FILE).write_text(json.dumps({"command": command, "folder": where}))
        return recorded(workspace, "r1")["command"]

    new = f"marquee run --workspace '{workspace.root}' --no-tune"
    assert recorded_of("marquee run --workspace old --no-tune") == new
    assert recorded_of("marquee run --workspace 'new space' --no-tune").endswith("'new space' --no-tune")
    assert recorded_of("marquee run --no-tune") == "marquee run --no-tune"

import shlex
import sys
from pathlib import Path

import pytest

from pipeline.store.program import DEFAULT_WORKSPACE, command, program, push_first


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """A script called `marquee` in a folder whose name has a blank."""
    script = tmp_path / "my env" / "bin" / "marquee"
    script.parent.mkdir(parents=True)
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(script)])
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(tmp_path)
    return script


def test_the_name_is_short_only_where_the_shell_finds_this_installation(installed, tmp_path, monkeypatch):
    assert shlex.split(program()) == ["my env/bin/marquee"]

    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(other)
    assert shlex.split(program()) == [str(installed)]

    monkeypatch.setenv("PATH", str(installed.parent))
    assert program() == "marquee"

    (other / "marquee").write_text("#!/bin/sh\n")
    (other / "marquee").chmod(0o755)
    monkeypatch.setenv("PATH", str(other))  # another installation: its name would call the wrong one
    assert shlex.split(program()) == [str(installed)]


def test_a_command_names_the_workspace_and_quotes_what_a_shell_would_split(installed):
    typed = command("runs", "show", "latest", workspace=Path("my space"))

    assert shlex.split(typed)[1:] == ["runs", "show", "latest", "--workspace", "my space"]
    assert shlex.split(command("ui", workspace=DEFAULT_WORKSPACE))[1:] == ["ui"]


def test_a_printed_command_names_the_workspace_where_it_is_not_the_default():
    assert command("run", workspace=Path("workspace")).endswith("marquee run")
    assert command("serve", workspace=Path("my films")).endswith("marquee serve --workspace 'my films'")
    assert command("restore", "recommender", "3", workspace=Path("/w")).endswith(
        "marquee restore recommender 3 --workspace /w"
    )
    assert push_first(Path("/w/serving_models")).endswith("marquee run --workspace /w")
    assert push_first(Path("workspace/serving_models")).endswith("marquee run")
    assert push_first(Path("/elsewhere")).endswith("marquee run")

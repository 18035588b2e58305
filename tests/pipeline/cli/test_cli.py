import os
import subprocess
import sys

import pytest

from tests.warm_process import WarmPopen


def marquee(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli.app", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_help_lists_the_commands_without_loading_tensorflow():
    heavy = ("tensorflow", "tfx", "keras", "numpy")
    code = f"import sys, pipeline.cli.app; print([m for m in {heavy} if m in sys.modules])"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    answer = marquee("--help")

    assert loaded.stdout.strip() == "[]"
    assert answer.returncode == 0
    commands = (
        "run",
        "serve",
        "recommend",
        "rate",
        "bulk",
        "models",
        "schedule",
        "export",
        "runs",
        "lineage",
        "diff",
        "ui",
        "report",
        "rollback",
        "compile",
        "submit",
        "deploy",
    )
    for command in commands:
        assert command in answer.stdout


def test_help_takes_little_longer_than_python_itself():
    def seconds(*command):
        times = []
        for _ in range(5):
            before = os.times()
            subprocess.run([sys.executable, *command], capture_output=True, check=True)
            after = os.times()
            used = after.children_user + after.children_system
            times.append(used - before.children_user - before.children_system)
        return min(times)

    # 0.3 s on a quiet machine, up to five times that on a busy one; TensorFlow alone takes five and more.
    assert seconds("-m", "pipeline.cli.app", "--help") < seconds("-c", "pass") + 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--config", "nothing"], "no configuration is called 'nothing'"),
        (["run", "--config", "smoke", "--set", "ranking.train.epochs=no"], "ranking.train.epochs"),
        (["run", "--config", "smoke", "--data", "/does/not/exist"], "/does/not/exist"),
        (["rate", "--user", "1", "Speed (1994)", "--server", "http://127.0.0.1:9"], "marquee serve"),
        (["rollback", "ranking"], "ranking"),
        (["compile", "--image", "no image"], "'no image' is no name of a container image"),
        (["submit", "pipeline.yaml", "--host", "http://127.0.0.1:9"], "marquee compile"),
        (["deploy", "--target", "kserve", "--out", "k", "--set", "deploy.batching=true"], "scalar `k`"),
    ],
)
def test_a_mistake_is_one_message_and_a_non_zero_exit_without_traceback(tmp_path, arguments, message):
    answer = marquee(*arguments, cwd=tmp_path)

    assert answer.returncode != 0
    assert message in answer.stderr
    assert "Traceback" not in answer.stderr + answer.stdout


def test_data_that_is_not_there_is_said_before_tensorflow_is_loaded(tmp_path):
    code = (
        "import sys\nfrom pipeline.cli.app import main\ntry:\n    main()\n"
        "finally:\n    print([name for name in ('tensorflow', 'tfx') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, "run", "--config", "smoke", "--data", "/does/not/exist"],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"MARQUEE_WORKSPACE": str(tmp_path)},
    )

    assert answer.returncode == 1
    assert "/does/not/exist does not exist" in answer.stderr
    assert answer.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", "--out", "a-file/out"], "a-file/out: Not a directory"),
        (["run", "--config", "smoke", "--data", "a-folder"], "a-folder: cannot be read: "),
    ],
)
def test_so_is_one_that_is_found_once_tensorflow_is_loaded(tmp_path, arguments, message):
    (tmp_path / "a-file").touch()
    (tmp_path / "a-folder" / "u.data").mkdir(parents=True)
    process = WarmPopen("pipeline.cli.app", arguments, tmp_path)
    said, _ = process.communicate(timeout=120)

    assert process.returncode == 1
    assert message in said
    assert "Traceback" not in said


def test_runs_in_an_empty_workspace_says_how_to_begin(tmp_path):
    answer = marquee("runs", "--workspace", str(tmp_path))

    assert answer.returncode == 0
    assert "marquee run" in answer.stdout

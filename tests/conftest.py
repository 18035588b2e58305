import os

# Before anything imports TensorFlow: Keras 3 here and in every child process, and no GPU chatter.
os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A `marquee` whose workspace holds one finished run of `smoke`, and that run: to read, not to change."""
    from tests.marquee_process import finished_run

    base = Path(tmp_path_factory.getbasetemp())
    # Under xdist every process has a folder of its own below one that they share.
    return finished_run(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base)

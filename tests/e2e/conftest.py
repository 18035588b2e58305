"""The real pipeline, run once on `smoke`, for many tests to read what it left, and run it again."""

import pytest

from tests.marquee_process import Answer, Marquee


@pytest.fixture(scope="session")
def marquee(tmp_path_factory) -> Marquee:
    """The command line on a workspace of its own."""
    return Marquee(tmp_path_factory.mktemp("e2e") / "workspace")


@pytest.fixture(scope="session")
def first(marquee) -> Answer:
    """The whole pipeline on `smoke`, tuner included, from nothing."""
    answer = marquee("run", "--config", "smoke")
    assert answer.returncode == 0, answer.output
    return answer

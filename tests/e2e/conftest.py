"""The real pipeline, run once on `smoke`, for many tests to read what it left."""

import pytest

from tests.marquee_process import Answer, Marquee


@pytest.fixture(scope="session")
def marquee(run_once) -> Marquee:
    """The command line on the workspace of that run: nothing may change it."""
    return run_once[0]


@pytest.fixture(scope="session")
def first(run_once) -> Answer:
    """What that run said: the whole pipeline, tuner included, from nothing."""
    return run_once[1]

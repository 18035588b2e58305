import gc
import os

# Before anything imports TensorFlow: Keras 3 here and in every child process, and no GPU chatter.
os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from pathlib import Path

import pytest

#: Files that take long, the longest first, so that no process is left alone with one of them at the end.
#: The first of all makes the finished run that others wait for; those after it need none.
LONG = (
    "e2e/test_later_runs.py",
    "pipeline/kubeflow/test_execute.py",
    "e2e/test_every_kind.py",
    "trainer/models/test_ranking_models.py",
    "pipeline/simulate/test_simulate.py",
    "notebooks/test_chapters_of_models.py",
    "notebooks/test_chapters_of_the_pipeline.py",
    "e2e/test_failures.py",
    "e2e/test_user_holdout.py",
    "trainer/test_refit.py",
    "trainer/training/test_loop.py",
    "pipeline/ui/test_in_a_browser.py",
    "trainer/models/test_retrieval_kinds.py",
    "components/test_nightly.py",
    "e2e/test_reliability.py",
    "pipeline/schedule/test_schedule.py",
    "trainer/training/test_warm_start.py",
    "docs/test_site.py",
    "trainer/export/test_retrieval_export.py",
    "pipeline/report/test_page.py",
    "trainer/training/test_retrieval_training.py",
    "e2e/test_moved_workspace.py",
    "trainer/models/test_named_losses_and_samplers.py",
    "e2e/test_serving.py",
    "pipeline/schedule/test_clock_changes.py",
    "trainer/export/test_recommender.py",
)


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Keeps the garbage collector from looking through what test files import, now and in every test."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def run_once(tmp_path_factory):
    """A `marquee` whose workspace holds one finished run of `smoke`, and what that run said: to read only."""
    from tests.marquee_process import finished_run

    base = Path(tmp_path_factory.getbasetemp())
    # Under xdist every process has a folder of its own below one that they share.
    return finished_run(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base)


@pytest.fixture(scope="session")
def finished(run_once):
    """A `marquee` whose workspace holds one finished run of `smoke`, and that run: to read, not to change."""
    marquee, answer = run_once
    return marquee, answer.run

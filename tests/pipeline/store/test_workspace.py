import multiprocessing
import os
import signal

import pytest

from marquee.errors import MarqueeError
from pipeline.store.workspace import Workspace


def _hold(root, ready):
    with Workspace(root).lock():
        ready.set()
        signal.pause()


@pytest.fixture
def holder(tmp_path):
    context = multiprocessing.get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_hold, args=(tmp_path, ready))
    process.start()
    assert ready.wait(30)
    yield process
    process.kill()
    process.join()


def test_a_second_run_in_the_same_workspace_is_refused_and_told_by_whom(tmp_path, holder):
    with pytest.raises(MarqueeError, match=str(holder.pid)), Workspace(tmp_path).lock():
        pass


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_workspace_that_cannot_be_written_is_a_clear_error(tmp_path, place):
    (tmp_path / "file").touch()

    with pytest.raises(MarqueeError, match="cannot be written"), Workspace(tmp_path / place).lock():
        pass


def test_a_lock_dies_with_its_process(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    with Workspace(tmp_path).lock():
        pass

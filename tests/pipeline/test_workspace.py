import multiprocessing
import os
import signal

import pytest

from pipeline.workspace import Workspace
from trainer.errors import MarqueeError


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


def test_a_lock_dies_with_its_process(tmp_path, holder):
    os.kill(holder.pid, signal.SIGKILL)
    holder.join()

    with Workspace(tmp_path).lock():
        pass

import hashlib
import os
import signal
import threading
import time

import pytest

from pipeline.execution.interruption import Interruption


class Swallows:
    """What happens to an exception while an object is freed: Python drops it."""

    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_was_dropped_is_raised_again_at_the_next_check():
    with Interruption() as interruption:
        interruption.check()
        Swallows()

        with pytest.raises(KeyboardInterrupt):
            interruption.check()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_both_signals_interrupt_and_the_handlers_before_come_back(number):
    before = signal.getsignal(number)

    with pytest.raises(KeyboardInterrupt), Interruption():
        os.kill(os.getpid(), number)

    assert signal.getsignal(number) is before


def test_a_long_step_in_c_that_no_handler_can_interrupt_is_ended_from_outside():
    said, ended = [], []
    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()

    with pytest.raises(KeyboardInterrupt), Interruption(lambda: said.append("last"), 0.2, ended.append):
        hashlib.pbkdf2_hmac("sha256", b"", b"", 6_000_000)  # a second and more, in one call

    assert (said, ended) == (["last"], [1])


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_process_whose_last_words_fail_is_ended_all_the_same():
    ended = []

    def speechless():
        raise OSError(28, "No space left on device")

    threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with pytest.raises(KeyboardInterrupt), Interruption(speechless, 0.2, ended.append):
        hashlib.pbkdf2_hmac("sha256", b"", b"", 6_000_000)

    assert ended == [1]


def test_nothing_is_ended_where_the_interruption_came_through():
    ended = []
    with pytest.raises(KeyboardInterrupt), Interruption(patience=0.3, end=ended.append):
        os.kill(os.getpid(), signal.SIGTERM)

    time.sleep(0.5)
    assert not ended
    assert not [each for each in threading.enumerate() if each.name == "interruption"]

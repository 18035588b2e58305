import os
import signal

import pytest

from pipeline.interruption import Interruption


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

"""Runs a command in a child process, so that a crash of TensorFlow does not end the schedule."""

import ctypes
import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

#: Seconds that an interrupted run has to save its state; a killed run loses one epoch at most.
PATIENCE = 60.0
_POLL = 0.1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)


def run_child(command: Sequence[str], output: Path, stop: threading.Event, patience: float = PATIENCE) -> int:
    """Runs a command to its end; once `stop` is set the command is interrupted, and killed after `patience`.

    Args:
        command: program and its arguments.
        output: file that receives its output.
        stop: set by the caller to end the command early.
        patience: seconds from the interruption to the kill.

    Returns:
        Exit status of the command; negative for the signal that ended it; 127, as in a shell, if the program
        does not exist, as during an upgrade.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "ab") as sink:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal goes to the schedule, which passes it on
                preexec_fn=_die_with(os.getpid()),
            )
        except OSError as error:
            sink.write(f"error: {command[0]}: {error.strerror}\n".encode())
            return 127
    while process.poll() is None and not stop.wait(_POLL):
        pass
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def run_id_in(output: Path) -> str | None:
    """Returns the run's id from the first output of `marquee run`; None if it did not get that far."""
    found = re.search(r"\brun (\d{8}-\d{6})\b", _text(output))
    return found[1] if found else None


def message_in(output: Path) -> str:
    """Returns the error message of a run: the text after `error: `, or else the last line."""
    text = _text(output).strip()
    _, found, message = text.rpartition("error: ")
    return message if found else text[text.rfind("\n") + 1 :]


def _text(output: Path) -> str:
    try:
        return output.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _die_with(parent: int):
    """Makes the kernel interrupt the run when the schedule is killed.

    Otherwise nobody would see its end, and the next schedule would find the workspace in use.
    """

    def in_the_child() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # the parent died before the kernel was told
            os._exit(1)

    return in_the_child

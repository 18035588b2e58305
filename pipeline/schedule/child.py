"""A run as a process of its own: a crash of TensorFlow ends the run and not the schedule."""

import ctypes
import os
import re
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path

#: How long an interrupted run may take to put its things away; killed later, it loses an epoch at most.
PATIENCE = 60.0
_POLL = 0.1
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True)


def run_child(command: Sequence[str], output: Path, stop: threading.Event, patience: float = PATIENCE) -> int:
    """Runs a command to its end; once `stop` is set it is interrupted, and killed where that is not enough.

    Args:
        command: the program and its arguments.
        output: the file that takes what it prints.
        stop: set by whoever wants it to end early.
        patience: seconds from the interruption to the kill.

    Returns:
        Its exit status; negative for the signal that ended it; 127, as a shell has it, where there is no
        such program: it may be away while it is being upgraded.
    """
    output.parent.mkdir(parents=True, exist_ok=True)
    with open(output, "ab") as sink:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in the terminal is for the schedule, which passes it on
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
    """The run's id, from what `marquee run` prints first; None where it never came so far."""
    found = re.search(r"\brun (\d{8}-\d{6})\b", _text(output))
    return found[1] if found else None


def message_in(output: Path) -> str:
    """Why a run failed: what follows `error: `, or else the last line."""
    text = _text(output).strip()
    _, found, message = text.rpartition("error: ")
    return message if found else text[text.rfind("\n") + 1 :]


def _text(output: Path) -> str:
    try:
        return output.read_text(errors="replace")
    except FileNotFoundError:
        return ""


def _die_with(parent: int):
    """Has the kernel interrupt the run when the schedule is killed.

    Nobody would see its end, and the next schedule would find the workspace in use.
    """

    def in_the_child() -> None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before the kernel was told
            os._exit(1)

    return in_the_child

"""Copies lines from standard input to standard output, each with the time at which it came.

Run as a program, without the rest of Marquee: it has to be there at once, and to stay till the last line.
"""

import os
import signal
import time


def stamp(source: int, target: int) -> None:
    """Copies until the source ends; what the target does not take (a full disk) is dropped."""
    left = b""
    while received := os.read(source, 1 << 16):
        now = time.strftime("%Y-%m-%d %H:%M:%S ").encode()
        *lines, left = (left + received).split(b"\n")
        _write(target, b"".join(now + line + b"\n" for line in lines))
    if left:
        _write(target, time.strftime("%Y-%m-%d %H:%M:%S ").encode() + left + b"\n")


def _write(target: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(target, data) :]
    except OSError:
        pass


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    stamp(0, 1)

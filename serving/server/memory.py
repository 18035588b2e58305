"""Gives back the memory that closed models leave behind.

A TensorFlow graph is part of reference cycles: closing its session does not free it, Python's next full
collection does, which may be a day of new versions away. And what is freed the C library keeps to itself.
"""

import contextlib
import ctypes
import gc


def keep_out_of_collections() -> None:
    """Makes later collections quick: they skip every object of today, TensorFlow's modules above all.

    Call it once in a process that does nothing but serve, before models are loaded. A collection then takes
    milliseconds instead of half a second, in which no request would be answered.
    """
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Frees what is in reference cycles, and returns free memory to the system where glibc can."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # not on musl or macOS
        ctypes.CDLL("libc.so.6").malloc_trim(0)

"""Frees the memory of closed models.

A TensorFlow graph is part of reference cycles: closing its session does not free it. Python's next full
collection does, which may be a day of new versions away. The C library also keeps freed memory to itself.
"""

import contextlib
import ctypes
import gc


def keep_out_of_collections() -> None:
    """Excludes all present objects, mainly TensorFlow's modules, from later garbage collections.

    Call it once in a process that does nothing but serve, before models are loaded. Later collections then
    look at models alone: no request is answered while one runs.
    """
    gc.collect()
    gc.freeze()


def give_back() -> None:
    """Frees objects in reference cycles, and returns free memory to the system where glibc can."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):  # not on musl or macOS
        ctypes.CDLL("libc.so.6").malloc_trim(0)

"""Processes that begin with the libraries imported: TensorFlow, TFX and Beam take ten seconds to load.

Python's forkserver imports them once in each test process; what is started here is a fork of that. Marquee's
own modules are not among them, so that a process may take them from another folder.
"""

import functools
import importlib
import multiprocessing
import os
import sys
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
#: What `marquee run` imports of others.
LIBRARIES = [
    "tensorflow",
    "keras",
    "tfx.components",
    "tfx.orchestration.portable.launcher",
    "tfx.orchestration.portable.tfx_runner",
    "tensorflow_transform",
    "keras_tuner",
    "altair",
]


@functools.cache
def _context() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    return context


def start(
    module: str, arguments: list[str], folder: Path, path: Path, environment: dict[str, str], output: Path
) -> BaseProcess:
    """Starts what `python -m module arguments` does.

    Args:
        module: with a `main`, which reads `sys.argv`.
        arguments: of the command line.
        folder: to be in.
        path: the one folder where Marquee's modules are looked for.
        environment: the whole of it. What libraries read when they are imported is the test process's.
        output: a file for standard output and error.

    Returns:
        The process; its `exitcode` is the exit status.
    """
    process = _context().Process(target=_run, args=(module, arguments, folder, path, environment, output))
    process.start()
    return process


def _run(
    module: str, arguments: list[str], folder: Path, path: Path, environment: dict[str, str], output: Path
) -> None:
    with open(output, "wb", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [module, *arguments]
    sys.meta_path[:] = [each for each in sys.meta_path if not _knows_the_checkout(each)]
    sys.path[:] = [str(path), *(each for each in sys.path if Path(each or os.curdir).resolve() != CHECKOUT)]
    importlib.import_module(module).main()


def _knows_the_checkout(finder: object) -> bool:
    """Whether it is what `pip install --editable` leaves behind."""
    return getattr(finder, "__module__", "").startswith("__editable__")

"""Processes that begin with the libraries imported: TensorFlow, TFX and Beam take ten seconds to load.

Python's forkserver imports them once in each test process; what is started here is a fork of that. Marquee's
own modules are not among them, so that a process may take them from another folder.
"""

import functools
import gc
import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TextIO

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
    return _started(_call_main, (module, arguments, path), folder, environment, output)


class WarmPopen:
    """A process as `subprocess.Popen(…, stdout=PIPE, stderr=STDOUT, text=True)` gives one, but a warm one.

    Args:
        module: with a `main`, which reads `sys.argv`; or the text of a script.
        arguments: of the command line.
        folder: to be in.
        environment: the whole of it; this process's if not given.
    """

    def __init__(
        self,
        module: str,
        arguments: Sequence[object],
        folder: Path = CHECKOUT,
        environment: Mapping[str, str] | None = None,
    ):
        reader, writer = _context().Pipe(duplex=False)
        run = _execute if "\n" in module else _call_main
        given = (module, [str(each) for each in arguments], CHECKOUT)
        self._process = _started(run, given, folder, dict(environment or os.environ), writer)
        writer.close()  # so that reading ends when the process does
        self.stdout: TextIO = os.fdopen(os.dup(reader.fileno()), encoding="utf-8")
        reader.close()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self.returncode is None:
            raise subprocess.TimeoutExpired([self._process.name], timeout or 0)
        return self.returncode

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """What it says from now on until it ends, within `timeout`."""
        watch = threading.Timer(timeout, self.kill) if timeout is not None else None
        if watch:
            watch.start()
        said = self.stdout.read()
        if watch:
            watch.cancel()
        self.wait(timeout)
        self.stdout.close()
        return said, None

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self._process.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _started(
    run: Callable[..., None], arguments: tuple, folder: Path, environment: dict[str, str], output: object
) -> BaseProcess:
    process = _context().Process(target=_run, args=(run, arguments, folder, environment, output))
    process.start()
    return process


def _run(
    run: Callable[..., None],
    arguments: tuple,
    folder: Path,
    environment: dict[str, str],
    output: Path | Connection,
) -> None:
    gc.freeze()  # what the libraries have loaded stays: no collection needs to look through it
    with open(output, "wb", buffering=0) if isinstance(output, Path) else output as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    run(*arguments)


def _call_main(module: str, arguments: list[str], path: Path) -> None:
    sys.argv = [module, *arguments]
    sys.meta_path[:] = [each for each in sys.meta_path if not _knows_the_checkout(each)]
    sys.path[:] = [str(path), *(each for each in sys.path if Path(each or os.curdir).resolve() != CHECKOUT)]
    importlib.import_module(module).main()


def _execute(script: str, arguments: list[str], path: Path) -> None:
    sys.argv = ["-c", *arguments]
    sys.path.insert(0, str(path))
    exec(compile(script, "<script>", "exec"), {"__name__": "__main__"})


def _knows_the_checkout(finder: object) -> bool:
    """Whether it is what `pip install --editable` leaves behind."""
    return getattr(finder, "__module__", "").startswith("__editable__")

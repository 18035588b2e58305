"""Dispatch of a request to the event loop, to a pool of threads, or to the queue of long requests.

The cost of a request is known once it has been read, so reading and answering are two steps. Each step is
dispatched by its own size.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from serving.errors import StatusError
from serving.server.registry import Servable

Answer = TypeVar("Answer")
QUICK_BYTES = 16 * 1024  # a longer request is read in a thread
LONG_WAITING = 32  # maximum length of the queue of long requests: each holds its inputs


@dataclass(frozen=True)
class Work(Generic[Answer]):
    """A request that has been read and is ready to be answered.

    Attributes:
        servable: leased model of the request; released when the work is done or cancelled.
        quick: whether it may be answered on the event loop.
        long: whether it is a batch that takes long.
        compute: computes the answer.
    """

    servable: Servable
    quick: bool
    long: bool
    compute: Callable[[], Answer]


class Dispatch:
    """Thread pool for requests that would block the event loop, and one thread for long requests.

    Long requests are answered one after another. This bounds memory to that of one request and keeps a core
    free for short ones.

    Args:
        threads: number of threads for requests that are neither quick nor long.
    """

    def __init__(self, threads: int):
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._long = ThreadPoolExecutor(1, thread_name_prefix="predict-long")
        self._waiting = 0
        self._lock = threading.Lock()

    async def answer(self, size: int, read: Callable[[], Work[Answer]]) -> Answer:
        """Reads a request of `size` bytes and answers it. Raises what `read` and the work raise."""
        if size <= QUICK_BYTES:
            outcome = self._begin(read, on_loop=True)
        else:
            outcome = await self.in_thread(self._begin, read, False)
        if isinstance(outcome, Future):
            return await asyncio.wrap_future(outcome)
        return outcome

    async def in_thread(self, function: Callable[..., Answer], *arguments: object) -> Answer:
        """Returns `function(*arguments)`, computed in a thread."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    def close(self) -> None:
        """Cancels the work that has not begun, and waits for the work that has."""
        for pool in (self._long, self._threads):
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in (self._long, self._threads):
            pool.shutdown()

    def _begin(self, read: Callable[[], Work[Answer]], on_loop: bool) -> "Answer | Future[Answer]":
        work = read()
        if work.long:
            return self._in_line(work)
        if on_loop and not work.quick:
            return _submit(self._threads, work)
        with work.servable:
            return work.compute()

    def _in_line(self, work: Work[Answer]) -> "Future[Answer]":
        with self._lock:
            full = self._waiting >= LONG_WAITING
            self._waiting += not full
        if full:
            work.servable.release()
            raise StatusError(
                "RESOURCE_EXHAUSTED",
                f"{LONG_WAITING} requests of many rows are waiting: send this one later, or in smaller parts",
            )
        future = _submit(self._long, work)
        future.add_done_callback(self._leave)
        return future

    def _leave(self, _: Future[Any]) -> None:
        with self._lock:
            self._waiting -= 1


def _submit(pool: ThreadPoolExecutor, work: Work[Answer]) -> "Future[Answer]":
    """Submits the work to a pool; its model is released when it is done, or cancelled before it began."""
    try:
        future = pool.submit(work.compute)
    except RuntimeError:  # the pool has been shut down meanwhile
        work.servable.release()
        raise StatusError("UNAVAILABLE", "The server is stopping") from None
    future.add_done_callback(lambda _: work.servable.release())
    return future

"""gRPC's own health service, `grpc.health.v1`: what Kubernetes, Envoy and `grpc_health_probe` ask.

The overall health, service "", is what `GET /healthz` says; each model has its own under its name.
"""

import asyncio
import contextlib
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from serving.server.registry import Registry

PATIENCE_SECONDS = 1.0  # with a watcher that does not read what it asked for
_SERVING, _NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


class Health:
    """Tells whoever asks, or watches, which models answer.

    Args:
        registry: the models.
    """

    def __init__(self, registry: Registry):
        self._registry = registry
        self._servicer = _Servicer()
        self._said: dict[str, int] = {}

    def add_to(self, server: grpc.aio.Server) -> None:
        """Puts the service on `server`."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def update(self) -> None:
        """Says what is so now; to be called while the server runs, about once a second."""
        loaded, waiting = self._registry.loaded(), self._registry.waiting()
        now = dict.fromkeys((*self._said, *waiting), _NOT_SERVING)
        now |= dict.fromkeys(loaded, _SERVING)
        now[""] = _SERVING if loaded and not waiting else _NOT_SERVING
        changed = {name: status for name, status in now.items() if self._said.get(name) != status}
        await asyncio.gather(*(self._say(name, status) for name, status in changed.items()))

    async def stop(self) -> None:
        """Says that nothing is served any more."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._servicer.enter_graceful_shutdown(), PATIENCE_SECONDS)
        await asyncio.sleep(0.05)  # watchers are told before their calls end
        self._servicer.end_watches()

    async def _say(self, name: str, status: int) -> None:
        with contextlib.suppress(asyncio.TimeoutError):  # it is said again at the next update
            await asyncio.wait_for(self._servicer.set(name, status), PATIENCE_SECONDS)
            self._said[name] = status


class _Servicer(health.aio.HealthServicer):
    """Can end the calls of those who watch: they have no end of their own, and the server would wait."""

    def __init__(self) -> None:
        super().__init__()
        self._watching: set[asyncio.Task[Any]] = set()
        self._ended = False

    async def Watch(self, request: HealthCheckRequest, context: grpc.aio.ServicerContext) -> None:
        task = asyncio.current_task()
        assert task is not None  # gRPC runs every call in a task of its own
        self._watching.add(task)
        try:
            await super().Watch(request, context)
        except asyncio.CancelledError:
            if not self._ended:
                raise  # by its client; else it is over, and returns
        finally:
            self._watching.discard(task)

    def end_watches(self) -> None:
        self._ended = True
        for task in list(self._watching):
            task.cancel()

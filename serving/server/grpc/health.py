"""gRPC health service, `grpc.health.v1`, which Kubernetes, Envoy and `grpc_health_probe` query.

The overall health, service "", equals `GET /healthz`. Each model has its own health under its name.
"""

import asyncio
import contextlib
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from serving.server.registry import Registry

PATIENCE_SECONDS = 1.0  # seconds that an update waits for a watcher that does not read
_SERVING, _NOT_SERVING = HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING


class Health:
    """Reports which models answer, to clients that check or watch.

    Args:
        registry: models of the server.
    """

    def __init__(self, registry: Registry):
        self._registry = registry
        self._servicer = _Servicer()
        self._said: dict[str, int] = {}

    def add_to(self, server: grpc.aio.Server) -> None:
        """Adds the service to `server`."""
        health_pb2_grpc.add_HealthServicer_to_server(self._servicer, server)

    async def update(self) -> None:
        """Updates the reported health; to be called about once per second while the server runs."""
        loaded, waiting = self._registry.loaded(), self._registry.waiting()
        now = dict.fromkeys((*self._said, *waiting), _NOT_SERVING)
        now |= dict.fromkeys(loaded, _SERVING)
        now[""] = _SERVING if loaded and not waiting else _NOT_SERVING
        changed = {name: status for name, status in now.items() if self._said.get(name) != status}
        await asyncio.gather(*(self._say(name, status) for name, status in changed.items()))

    async def stop(self) -> None:
        """Reports that no model is served any more, and ends the watchers' calls."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._servicer.enter_graceful_shutdown(), PATIENCE_SECONDS)
        await asyncio.sleep(0.05)  # watchers are told before their calls end
        self._servicer.end_watches()

    async def _say(self, name: str, status: int) -> None:
        with contextlib.suppress(asyncio.TimeoutError):  # the next update says it again
            await asyncio.wait_for(self._servicer.set(name, status), PATIENCE_SECONDS)
            self._said[name] = status


class _Servicer(health.aio.HealthServicer):
    """Health servicer that can end the calls of watchers, which a stopping server would wait for."""

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
                raise  # cancelled by its client; otherwise the call is over and returns
        finally:
            self._watching.discard(task)

    def end_watches(self) -> None:
        self._ended = True
        for task in list(self._watching):
            task.cancel()

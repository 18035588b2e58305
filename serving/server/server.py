"""Embedded server: TF Serving's REST and gRPC APIs for a folder of models, in this process."""

import asyncio
import contextlib
import errno
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("TF_USE_LEGACY_KERAS", "0")

import grpc
import uvicorn
import uvloop

from serving.errors import ServingError
from serving.prediction_log.log import PredictionLog
from serving.server.blocks import Limits
from serving.server.config import ServerConfig
from serving.server.grpc.grpc_api import add_services
from serving.server.grpc.health import Health
from serving.server.http.http_protocol import HttpProtocol, Patience
from serving.server.http.rest import RestApi
from serving.server.memory import keep_out_of_collections
from serving.server.ports import listen, netloc, port_error
from serving.server.registry import Registry
from serving.server.service import Service
from serving.server.stopping import stopping

log = logging.getLogger(__name__)


class EmbeddedServer:
    """Serves `<models_dir>/<name>/<version>/` from a thread of this process.

    Examples:
        with EmbeddedServer("workspace/serving_models", ServerConfig(rest_port=0, grpc_port=0)) as server:
            print(server.rest_url, server.grpc_address)

    Models are loaded when `start` (or `with`) returns. If there are none yet, or no folder, the server runs
    without being ready and waits for the first. Raises ServingError if a port is taken, or if the prediction
    log cannot be written.
    """

    def __init__(self, models_dir: str | Path, config: ServerConfig | None = None):
        self.models_dir = Path(models_dir)
        self.config = config or ServerConfig()
        self.rest_url = ""
        self.grpc_address = ""
        self.registry = Registry(self.models_dir, self.config.poll_seconds)
        self._log = PredictionLog(self.config.log) if self.config.log else None
        limits = Limits(self.config.max_batch, self.config.max_answer_values)
        self._service = Service(self.registry, limits, self.config.threads, self._log)
        self._thread = threading.Thread(target=self._run, name="embedded-server", daemon=True)
        self._started = threading.Event()
        self._failure: BaseException | None = None
        self._socket: socket.socket | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    def __enter__(self) -> "EmbeddedServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        """Loads the models, opens both ports and returns."""
        # Before models are loaded: until then a second server could take the port too.
        started = time.monotonic()
        self._socket = listen("REST", self.config.host, self.config.rest_port)
        self.rest_url = f"http://{netloc(self.config.host, self._socket.getsockname()[1])}"
        try:
            if self._log:
                self._log.start()
            self.registry.start()
            self._thread.start()
            self._started.wait()
            if self._failure is not None:
                raise self._failure
            log.info(
                "started in %.1f s: answers at %s and, over gRPC, at %s; models in %s",
                time.monotonic() - started,
                self.rest_url,
                self.grpc_address,
                self.models_dir,
            )
            if not self.registry.loaded():
                log.warning("no model answers yet: waiting for the first in %s", self.models_dir)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Finishes the requests under way, for `grace_seconds` at most, and closes everything."""
        if self._thread.is_alive():
            log.info("stopping: requests under way are answered for %g s", self.config.grace_seconds)
            if self._loop is None:  # the thread has only begun: it ends at its first check
                self._stopping.set()
            else:
                with contextlib.suppress(RuntimeError):  # its loop has closed by itself meanwhile
                    self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
        if self._socket is not None:
            self._socket.close()
        self._service.stop()
        self.registry.stop()
        if self._log:
            self._log.close(self.config.grace_seconds)
        log.info("stopped")

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # handed to the thread that waits in start()
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        config = self.config
        assert self._socket is not None  # `start` has opened it
        grpc_server = grpc.aio.server(
            options=[
                ("grpc.so_reuseport", 0),  # or a second server would silently share the port
                ("grpc.max_receive_message_length", config.max_body_bytes),
                ("grpc.max_send_message_length", -1),
                # Proxies ping idle connections; gRPC's default of 300 s would close those that do.
                ("grpc.http2.min_recv_ping_interval_without_data_ms", 10_000),
                ("grpc.keepalive_permit_without_calls", 1),
            ]
        )
        add_services(grpc_server, self._service)
        health = Health(self.registry)
        health.add_to(grpc_server)
        try:
            port = grpc_server.add_insecure_port(netloc(config.host, config.grpc_port))
        except RuntimeError:
            port = 0
        if port == 0:
            in_use = OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))
            raise port_error("gRPC", config.host, config.grpc_port, in_use)
        self.grpc_address = netloc(config.host, port)
        patience = Patience(config.keep_alive_seconds, config.request_seconds)
        protocol = type("Http", (HttpProtocol,), {"patience": patience})
        rest = _Uvicorn(
            uvicorn.Config(
                RestApi(self._service, config.max_body_bytes),
                http=protocol,
                ws="none",
                lifespan="off",
                interface="asgi3",
                access_log=False,
                log_config=None,
                server_header=False,
                # uvicorn says int, and hands both to asyncio, which takes fractions.
                timeout_keep_alive=config.keep_alive_seconds,  # type: ignore[arg-type]
                timeout_graceful_shutdown=config.grace_seconds,  # type: ignore[arg-type]
            )
        )
        await health.update()
        await grpc_server.start()
        rest_task = asyncio.create_task(rest.serve(sockets=[self._socket]))
        while not rest.started and not rest_task.done():
            await asyncio.sleep(0.005)
        self._started.set()
        while not self._stopping.is_set():
            await health.update()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), min(1.0, config.poll_seconds))
        await health.stop()
        rest.should_exit = True
        await asyncio.gather(grpc_server.stop(config.grace_seconds), rest_task)


def serve(
    models_dir: str | Path,
    config: ServerConfig | None = None,
    on_ready: Callable[[EmbeddedServer], None] = lambda server: None,
) -> None:
    """Serves in the foreground until SIGTERM or SIGINT, then finishes the requests under way and returns.

    Call it from the main thread. `on_ready` is called with the running server, to print its addresses.
    """
    keep_out_of_collections()
    with stopping() as stop, EmbeddedServer(models_dir, config) as server:
        on_ready(server)
        while not stop.wait(1.0):
            if not server.running:
                raise ServingError("The server has stopped by itself", "Its log says why.")


class _Uvicorn(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals are handled for the whole process, by `serve`

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:  # about once a second
            for connection in list(self.server_state.connections):
                if isinstance(connection, HttpProtocol):
                    connection.end_if_late()
        return await super().on_tick(counter)

"""Implementation of `marquee serve`: the embedded server, or TF Serving if it is installed."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline.cli.terminal.console import native_chatter_dropped
from pipeline.store.program import push_first
from serving.errors import ServingError
from serving.server.config import ServerConfig
from serving.server.ports import check_free
from serving.server.stopping import stopping
from serving.server.tensorflow_model_server import BinaryServer, find_binary
from serving.versions.renames import recover
from serving.versions.versions import list_models, list_versions

if TYPE_CHECKING:
    from serving.server.server import EmbeddedServer

EMBEDDED = "embedded"


def serve(models: Path, config: ServerConfig, binary: str | None) -> None:
    """Serves a folder of models in the foreground until it is told to stop.

    Without a model it waits for the first one to be pushed. Events are logged on standard error, one line for
    each start, new version, failed load and stop.

    Args:
        models: folder with `<name>/<version>/`.
        config: addresses, limits and log of the server.
        binary: path of a `tensorflow_model_server`; None looks for one on PATH, unless predictions are to be
            logged, which only the embedded server can; `embedded` uses the embedded server.

    Raises:
        ServingError: a port is taken, or the binary does not start, or is to log predictions.
    """
    check_free(config)
    recover(models)  # what a push killed half way left
    embedded = binary == EMBEDDED or (binary is None and config.log is not None)
    found = None if embedded else find_binary(binary)
    if found:
        with _logged():
            _serve_binary(models, config, found)
        return
    os.environ["TF_USE_LEGACY_KERAS"] = "0"
    with native_chatter_dropped(), _logged():
        from serving.server.server import serve as serve_embedded  # TensorFlow: seconds, and only now needed

        serve_embedded(models, config, on_ready=_announce)


@contextlib.contextmanager
def _logged() -> Iterator[None]:
    """Writes the server's log lines to standard error, with the time."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S%z"))
    log = logging.getLogger("serving")
    before = log.level, log.propagate
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    try:
        yield
    finally:
        log.removeHandler(handler)
        log.level, log.propagate = before


def _serve_binary(models: Path, config: ServerConfig, binary: str) -> None:
    with stopping() as stop:
        if not list_models(models):
            _console().print(_waiting(models), markup=False)
        while not list_models(models):
            if stop.wait(1.0):
                return
        with BinaryServer(models, config, binary) as server:
            _announce(server)
            Console().print("[yellow]TF Serving listens on every interface, not on --host alone[/]")
            while not stop.wait(1.0):
                if not server.running:
                    raise ServingError(f"{binary} ended by itself")


def _announce(server: "EmbeddedServer | BinaryServer") -> None:
    console = _console()
    versions = _versions(server)
    for name, version in sorted(versions.items()):
        answers = "has no version that can be loaded" if version is None else f"version {version}"
        console.print(f"[bold]{name}[/] {answers}")
    if not versions:
        console.print(f"{_waiting(server.models_dir)}; until then /healthz answers 503", markup=False)
    if log := server.config.log:
        console.print(f"logs {log.sample:.4g} of the requests to {log.folder}", markup=False)
    console.print(f"REST {server.rest_url}   gRPC {server.grpc_address}   [dim]Ctrl-C stops[/]")


def _versions(server: "EmbeddedServer | BinaryServer") -> dict[str, int | None]:
    """Returns the served version of each model, None if there is none; for TF Serving the highest on disk."""
    if isinstance(server, BinaryServer):
        on_disk = {name: list_versions(server.models_dir, name) for name in list_models(server.models_dir)}
        return {name: versions[-1] for name, versions in on_disk.items() if versions}
    return dict.fromkeys(server.registry.waiting()) | server.registry.loaded()


def _waiting(models: Path) -> str:
    there = "" if models.is_dir() else ", which is not there"
    return f"waiting for a first model in {models}{there}. {push_first(models)}"


def _console() -> Console:
    return Console(highlight=False, soft_wrap=True)

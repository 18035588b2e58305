"""`marquee serve`: the embedded server, or TF Serving itself where it is installed."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline.console import native_chatter_dropped
from pipeline.program import push_first
from serving.config import ServerConfig
from serving.errors import ServingError
from serving.renames import recover
from serving.stopping import stopping
from serving.tensorflow_model_server import BinaryServer, find_binary
from serving.versions import list_models, list_versions

if TYPE_CHECKING:
    from serving.server import EmbeddedServer

EMBEDDED = "embedded"


def serve(models: Path, config: ServerConfig, binary: str | None) -> None:
    """Serves a folder of models in the foreground until it is told to stop.

    Args:
        models: `<name>/<version>/` folders.
        config: where to listen, and what to log.
        binary: a `tensorflow_model_server`; None looks for one on PATH, unless predictions are to be logged,
            which only the embedded server can; `embedded` does not.

    Raises:
        ServingError: no models, a taken port, a binary that does not start or is to log.
    """
    recover(models)  # what a push killed half way left
    if not list_models(models):
        raise ServingError(f"there is no model in {models}", push_first(models))
    embedded = binary == EMBEDDED or (binary is None and config.log is not None)
    found = None if embedded else find_binary(binary)
    if found:
        _serve_binary(models, config, found)
        return
    os.environ["TF_USE_LEGACY_KERAS"] = "0"
    with native_chatter_dropped():
        from serving.server import serve as serve_embedded  # TensorFlow: seconds, and only now needed

        serve_embedded(models, config, on_ready=_announce)


def _serve_binary(models: Path, config: ServerConfig, binary: str) -> None:
    with stopping() as stop, BinaryServer(models, config, binary) as server:
        _announce(server)
        Console().print("[yellow]TF Serving listens on every interface, not on --host alone[/]")
        while not stop.wait(1.0):
            if not server.running:
                raise ServingError(f"{binary} ended by itself")


def _announce(server: "EmbeddedServer | BinaryServer") -> None:
    console = Console(highlight=False, soft_wrap=True)
    for name in list_models(server.models_dir):
        console.print(f"[bold]{name}[/] version {list_versions(server.models_dir, name)[-1]}")
    if log := server.config.log:
        console.print(f"logs {log.sample:.4g} of the requests to {log.folder}", markup=False)
    console.print(f"REST {server.rest_url}   gRPC {server.grpc_address}   [dim]Ctrl-C stops[/]")

"""`marquee serve`: the embedded server, or TF Serving itself where it is installed."""

import os
import shutil
from pathlib import Path

os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from serving.server import ServerConfig  # noqa: E402 - after the environment is set
from serving.server import serve as serve_embedded  # noqa: E402

BINARY = "tensorflow_model_server"


def serve(models: Path, host: str, rest_port: int, grpc_port: int, binary: str | None) -> None:
    """Serves a folder of models in the foreground until it is told to stop.

    Args:
        models: `<name>/<version>/` folders.
        host, rest_port, grpc_port: where to listen.
        binary: a `tensorflow_model_server`; None looks for one on PATH; `embedded` does not.
    """
    config = ServerConfig(host=host, rest_port=rest_port, grpc_port=grpc_port)
    found = None if binary == "embedded" else binary or shutil.which(BINARY)
    if found:
        from serving.tensorflow_model_server import serve as serve_binary

        serve_binary(models, config, found)
    else:
        serve_embedded(models, config)

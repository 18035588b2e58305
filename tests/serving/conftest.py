import os
import shutil
from pathlib import Path

import pytest

from serving.server.server import EmbeddedServer, ServerConfig
from serving.server.tensorflow_model_server import BinaryServer

GOLDEN = Path(__file__).parent / "tfserving"
TINY_1 = GOLDEN / "models" / "tiny" / "1"
TINY_2 = GOLDEN / "tiny-version-2"
FREE_PORTS = ServerConfig(rest_port=0, grpc_port=0, poll_seconds=0.1)


def start_server(models_dir: Path):
    """The embedded server, or the TensorFlow Serving that TF_SERVING_BINARY names."""
    if binary := os.environ.get("TF_SERVING_BINARY"):
        return BinaryServer(models_dir, FREE_PORTS, binary=binary)
    return EmbeddedServer(models_dir, FREE_PORTS)


@pytest.fixture
def models_dir(tmp_path):
    """A folder of models with version 1 of `tiny` in it."""
    shutil.copytree(TINY_1, tmp_path / "models" / "tiny" / "1")
    return tmp_path / "models"


@pytest.fixture(scope="package")
def tiny_server(tmp_path_factory):
    """A server of version 1 of `tiny` that no test changes."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(TINY_1, folder / "tiny" / "1")
    with start_server(folder) as server:
        yield server

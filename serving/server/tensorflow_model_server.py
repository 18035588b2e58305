"""Stock TensorFlow Serving, started on the same folders as the embedded server."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from serving.errors import ServingError
from serving.server.config import ServerConfig
from serving.versions.versions import list_models

BINARY = "tensorflow_model_server"
_START_SECONDS = 60.0


def find_binary(binary: str | None = None) -> str | None:
    """Returns the path of TensorFlow Serving: `binary` if given, else from PATH; None if there is none.

    Raises ServingError if `binary` is given and cannot be run.
    """
    found = shutil.which(binary or BINARY)
    if binary and not found:
        raise ServingError(
            f"{binary} is no program that can be run",
            "Install tensorflow_model_server, or leave the binary out to use the embedded server.",
        )
    return found


class BinaryServer:
    """`tensorflow_model_server` as a child process, with the attributes of EmbeddedServer.

    Its models.config is rewritten when names appear or disappear under `models_dir`; it polls that file and
    the versions every `poll_seconds` (whole seconds, at least 1). The limits of ServerConfig do not apply:
    TensorFlow Serving has none but gRPC's. A `log` is refused with a ServingError.
    """

    def __init__(self, models_dir: str | Path, config: ServerConfig | None = None, binary: str | None = None):
        self.models_dir = Path(models_dir)
        self.config = config or ServerConfig()
        if self.config.log:
            raise ServingError(
                f"{binary or BINARY} logs no predictions: a stock TensorFlow Serving has no log collector",
                "Leave --log out, or let the embedded server answer: --binary embedded.",
            )
        found = find_binary(binary)
        if found is None:
            raise ServingError(
                f"{BINARY} is not on PATH", "Install it, or leave it out to use the embedded server."
            )
        self._binary = found
        self.rest_url = ""
        self.grpc_address = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="models-config-")
        self._stop = threading.Event()

    def __enter__(self) -> "BinaryServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts the process and returns when every model on disk has a version that answers."""
        if not self.models_dir.is_dir():
            raise ServingError(
                f"There is no folder of models at {self.models_dir}",
                "Run the pipeline first, or name another folder.",
            )
        host = self.config.host
        rest_port, grpc_port = (
            port or _free_port(host) for port in (self.config.rest_port, self.config.grpc_port)
        )
        self.rest_url, self.grpc_address = f"http://{host}:{rest_port}", f"{host}:{grpc_port}"
        self._write_config()
        with open(self._log, "wb") as log:
            command = self.command(rest_port, grpc_port)
            self._process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        self._watcher = threading.Thread(target=self._watch_names, name="models-config", daemon=True)
        self._watcher.start()

    def stop(self) -> None:
        """Ends the process."""
        self._stop.set()
        process = self._process
        if process is not None and process.poll() is None:
            process.terminate()
            try:
                process.wait(self.config.grace_seconds)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._folder.cleanup()

    def command(self, rest_port: int, grpc_port: int) -> list[str]:
        """Returns the command line that is run."""
        seconds = max(1, round(self.config.poll_seconds))
        return [
            self._binary,
            f"--rest_api_port={rest_port}",
            f"--port={grpc_port}",
            f"--model_config_file={self._config_file}",
            f"--model_config_file_poll_wait_seconds={seconds}",
            f"--file_system_poll_wait_seconds={seconds}",
        ]

    @property
    def _config_file(self) -> Path:
        return Path(self._folder.name) / "models.config"

    @property
    def _log(self) -> Path:
        return Path(self._folder.name) / "log"

    def _write_config(self) -> None:
        text = models_config(self.models_dir)
        if self._config_file.exists() and self._config_file.read_text() == text:
            return
        unfinished = self._config_file.with_suffix(".tmp")
        unfinished.write_text(text)
        os.replace(unfinished, self._config_file)

    def _watch_names(self) -> None:
        while not self._stop.wait(self.config.poll_seconds):
            with contextlib.suppress(OSError):
                self._write_config()

    def _wait_until_ready(self) -> None:
        waiting = list_models(self.models_dir)
        deadline = time.monotonic() + _START_SECONDS
        while True:
            waiting = [name for name in waiting if not _available(f"{self.rest_url}/v1/models/{name}")]
            if not waiting and _answers(self.rest_url):
                return
            if not self.running:
                raise ServingError(f"{self._binary} ended at once: {self._last_words()}")
            if time.monotonic() > deadline:
                late = f"no version of {', '.join(waiting)} is ready after {_START_SECONDS:.0f} s"
                raise ServingError(f"{self._binary}: {late}: {self._last_words()}")
            time.sleep(0.05)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"


def models_config(models_dir: str | Path) -> str:
    """Returns the text of a models.config that names every model under `models_dir`."""
    entries = "".join(
        f'  config {{ name: "{name}" base_path: "{(Path(models_dir) / name).resolve()}"'
        f' model_platform: "tensorflow" }}\n'
        for name in list_models(models_dir)
    )
    return f"model_config_list {{\n{entries}}}\n"


def _free_port(host: str) -> int:
    with socket.socket() as sock:
        sock.bind((host, 0))
        port: int = sock.getsockname()[1]
        return port


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=1).close()
    except urllib.error.HTTPError:
        return True  # 404 on the root is TensorFlow Serving's answer
    except OSError:
        return False
    return True


def _available(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as response:
            return b"AVAILABLE" in response.read()
    except OSError:
        return False

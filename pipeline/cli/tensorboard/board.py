"""TensorBoard on all trainings and searches of a workspace, in this process."""

import io
import logging
import os
import time
import webbrowser
from contextlib import redirect_stderr, suppress
from pathlib import Path

import httpx
from rich.console import Console

from marquee.errors import MarqueeError
from pipeline.cli.terminal.console import native_chatter_dropped
from pipeline.store.program import command, program
from pipeline.store.training_logs import link_training_logs
from pipeline.store.workspace import Workspace
from serving.server.stopping import stopping

_SECONDS = 5.0  # between looks for trainings that have begun meanwhile; TensorBoard itself looks as often


def show(workspace: Workspace, host: str, port: int) -> None:
    """Serves in the foreground until SIGTERM or Ctrl-C.

    A browser is opened where there is a screen for it; the address is printed in any case.

    Raises:
        MarqueeError: nothing has been trained yet, or the address cannot be listened on.
    """
    tree = link_training_logs(workspace)
    if not any(tree.rglob("*")):
        raise MarqueeError(
            f"nothing has been trained in {workspace.root}",
            f"Run the pipeline first: {command('run', workspace=workspace.root)}; or name another folder "
            "with --workspace.",
        )
    with stopping() as stop:
        url = _launch(tree, host, port)
        if any(tree.glob("*/retrieval/train/projector_config.pbtxt")):
            _find_vectors(url)
        Console(highlight=False, soft_wrap=True).print(f"TensorBoard {url}   [dim]Ctrl-C stops[/]")
        if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
            webbrowser.open(url)
        while not stop.wait(_SECONDS):
            with suppress(MarqueeError):  # a run may be writing just now: the next look will do
                link_training_logs(workspace)


def _launch(tree: Path, host: str, port: int) -> str:
    """Starts TensorBoard in a thread of this process; gives its address."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with native_chatter_dropped(), redirect_stderr(io.StringIO()):  # a NOTE about how it reads files
        import tensorflow  # noqa: F401 - TensorBoard would at the first request, and let it chatter
        from tensorboard import program as board

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        server = board.TensorBoard()
        flags = ["--logdir", str(tree), "--host", host, "--port", str(port)]
        server.configure([program(), *flags, "--reload_interval", str(_SECONDS)])
        try:
            return server.launch()
        except board.TensorBoardServerException as error:
            raise MarqueeError(
                f"TensorBoard cannot listen on {host}:{port}: {_reason(error)}",
                "Stop what listens there, or choose another port (0 is any free one).",
            ) from None


def _find_vectors(url: str) -> None:
    """Waits until the projector has its tab: it looks only when asked, and says no until it has."""
    for _ in range(60):
        with suppress(httpx.HTTPError):
            plugins = httpx.get(f"{url}data/plugins_listing", timeout=20, trust_env=False).json()
            if plugins["projector"]["enabled"]:
                return
        time.sleep(0.25)


def _reason(error: Exception) -> str:
    return getattr(error, "msg", str(error)).strip().splitlines()[0]

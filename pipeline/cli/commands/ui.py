"""The command `marquee ui`."""

import socket
from typing import Annotated

import typer

from marquee.errors import MarqueeError
from pipeline.cli.commands.options import DEFAULT_SERVER, ModelsOption, ServerOption, WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def ui(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the pages; 0 takes a free one.")
    ] = 8600,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    server: ServerOption = DEFAULT_SERVER,
    models: ModelsOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Look at runs, lineage and models in a browser, and try the recommender."""
    import uvicorn

    from pipeline.cli.terminal.console import native_chatter_dropped
    from pipeline.store.workspace import Workspace
    from pipeline.ui.app import create_app
    from pipeline.ui.site import Site

    site = Site(Workspace(workspace), models or Workspace(workspace).serving_models, server)
    with _listening(host, port) as listener:
        app = create_app(site, host)
        shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host
        shown = f"[{shown}]" if ":" in shown else shown
        typer.echo(f"http://{shown}:{listener.getsockname()[1]}   {workspace}   Ctrl-C stops")
        with native_chatter_dropped():
            uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on")).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """Raises MarqueeError where nobody can listen there: one line, not uvicorn's log."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, UnicodeError) as error:
        listener.close()
        why = getattr(error, "strerror", None) or str(error)
        raise MarqueeError(
            f"cannot listen on {host}:{port}: {why}", "choose another with --port; 0 takes a free one"
        ) from None
    return listener

"""`marquee tensorboard`: the command; what it does is in `pipeline.cli.tensorboard.board`."""

from typing import Annotated

import typer

from pipeline.cli.commands.options import WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def tensorboard(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")
    ] = 6006,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Open TensorBoard on all trainings and tuner trials: curves, settings, and the items' vectors."""
    from pipeline.cli.tensorboard.board import show
    from pipeline.store.workspace import Workspace

    show(Workspace(workspace), host, port)

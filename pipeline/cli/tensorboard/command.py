"""`marquee tensorboard`: the command; what it does is in `pipeline.cli.tensorboard.board`."""

from typing import Annotated

import typer

from pipeline.cli.commands.options import WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def tensorboard(
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 6006,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Open TensorBoard on every training and search: curves, settings tried, and the films' vectors."""
    from pipeline.cli.tensorboard.board import show
    from pipeline.store.workspace import Workspace

    show(Workspace(workspace), host, port)

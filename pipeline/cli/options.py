"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[str, typer.Option("--config", "-c", help="A ready-made name, or a YAML file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="a.b=1", help="Overrides a configuration key; repeatable."),
]
WorkspaceOption = Annotated[
    Path,
    typer.Option("--workspace", "-w", envvar="MARQUEE_WORKSPACE", help="The folder for all that is written."),
]

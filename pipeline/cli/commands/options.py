"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    str, typer.Option("--config", "-c", help="Name of a shipped configuration, or a YAML file.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="a.b=1", help="Sets a configuration key to a value; repeatable."),
]
WorkspaceOption = Annotated[
    Path,
    typer.Option(
        "--workspace", "-w", envvar="MARQUEE_WORKSPACE", help="Folder of data, models, metadata and logs."
    ),
]
ModelsOption = Annotated[
    Path | None,
    typer.Option("--models", help="A folder of <name>/<version>/ SavedModels, instead of the workspace's."),
]
ServerOption = Annotated[str, typer.Option("--server", help="A model server's REST address.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
NoTuneOption = Annotated[
    bool, typer.Option("--no-tune", help="Train with the configured settings; do not search for better ones.")
]
DEFAULT_SERVER = "http://127.0.0.1:8501"

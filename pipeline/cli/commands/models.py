"""The commands about models: `models` lists the kinds, `export` writes the served one."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.commands.options import JsonOption, ModelsOption, WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def models(
    kind: Annotated[
        str | None, typer.Argument(help="Kind of model, such as `dcn`, whose settings are listed.")
    ] = None,
    json_: JsonOption = False,
) -> None:
    """List the kinds of models, or the settings of one kind."""
    from pipeline.cli.kinds import print_models

    print_models(kind, as_json=json_)


def export(
    out: Annotated[Path, typer.Option(help="File to write.")],
    format_: Annotated[
        Literal["tflite"],
        typer.Option("--format", help="Format of the file: TensorFlow Lite, for phones and small boards."),
    ] = "tflite",
    models: ModelsOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write the served ranking model to one file for another runtime."""
    from pipeline.cli.export import export as export_model
    from pipeline.store.workspace import Workspace

    export_model(models or Workspace(workspace).serving_models, out)

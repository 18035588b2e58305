"""The command `marquee bulk`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.commands.options import ModelsOption, WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def bulk(
    out: Annotated[Path, typer.Option(help="Folder to write to; the same command again resumes there.")],
    k: Annotated[int, typer.Option("-k", min=1, max=2**31 - 1, help="Number of items per user.")] = 10,
    users: Annotated[
        Path | None, typer.Option(help="File of user ids, one per line. Default: all users.")
    ] = None,
    format_: Annotated[
        Literal["parquet", "inference-result", "both"],
        typer.Option("--format", help="Format of the files: Parquet, TFX's InferenceResult, or both."),
    ] = "parquet",
    seen: Annotated[bool, typer.Option("--seen", help="Include items that a user knows already.")] = False,
    block: Annotated[
        int, typer.Option(min=1, help="Number of users asked for at once; memory grows with it.")
    ] = 512,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete what another command wrote to --out.")
    ] = False,
    models: ModelsOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write recommendations for every user to files, without a server."""
    from pipeline.cli.bulk import bulk as write_bulk
    from pipeline.store.workspace import Workspace
    from serving.bulk.bulk import BulkRequest

    command = ["bulk", "--out", str(out), "-k", str(k), "--format", format_, "--block", str(block)]
    command += ["--users", str(users)] if users else []
    command += ["--seen"] if seen else []
    command += ["--models", str(models)] if models else []
    command += ["--workspace", str(workspace)] if workspace != DEFAULT_WORKSPACE else []
    request = BulkRequest(k=k, exclude_seen=not seen, format=format_, block=block)
    write_bulk(models or Workspace(workspace).serving_models, out, request, users, overwrite, command)

"""`marquee report`: writes the report of a run again, and says where it is."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.commands.options import WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def report(
    run: Annotated[str | None, typer.Argument(help="Run ID; the newest run if not given.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="File to write; in the workspace's reports/ if not given.")
    ] = None,
    open_: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write a run's report, one HTML file that opens without a network, and print its path."""
    from marquee.errors import MarqueeError
    from pipeline.report.report import write_report
    from pipeline.store.metadata.lineage import Lineage
    from pipeline.store.program import command
    from pipeline.store.workspace import Workspace

    place = Workspace(workspace)
    runs = Lineage(place.metadata_db).runs()
    if not runs:
        raise MarqueeError(
            f"nothing has run in {workspace}", f"begin with: {command('run', workspace=workspace)}"
        )
    found = next((each for each in runs if run in (None, each.run_id)), None)
    if found is None:
        there = ", ".join(each.run_id for each in runs[:10])
        more = f" and {len(runs) - 10} older ones" if len(runs) > 10 else ""
        raise MarqueeError(f"there is no run {run} in {workspace}", f"There are {there}{more}.")
    try:
        file = write_report(place, found, out)
    except OSError as error:
        raise MarqueeError(f"the report cannot be written: {error}") from None
    typer.echo(str(file))
    if open_:
        typer.launch(file.resolve().as_uri())

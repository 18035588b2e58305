"""The commands that look back: `runs`, `runs show`, `lineage` and `diff`."""

from typing import Annotated

import typer

from pipeline.options import DEFAULT_WORKSPACE, WorkspaceOption

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
RunArgument = Annotated[str, typer.Argument(help="A run's name, the end of it, or `latest`.")]

runs = typer.Typer(
    help="List the runs in the workspace, or show one.", invoke_without_command=True, add_completion=False
)


@runs.callback()
def list_runs(
    context: typer.Context, workspace: WorkspaceOption = DEFAULT_WORKSPACE, json_: JsonOption = False
) -> None:
    """List the runs in the workspace, or show one."""
    from pipeline.workspace import Workspace

    context.obj = workspace
    if context.invoked_subcommand is None:
        from pipeline.runs import print_runs

        print_runs(Workspace(workspace), as_json=json_)


@runs.command()
def show(
    context: typer.Context,
    run: RunArgument,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """Show what each node of a run did, was told and made."""
    from pipeline.show_run import show_run
    from pipeline.workspace import Workspace

    show_run(Workspace(_chosen(workspace, context)), run, as_json=json_)


def lineage(
    path: Annotated[
        str, typer.Argument(help="A pushed version: recommender/3, or its folder; or an artifact's folder.")
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """Show which data, code, configuration and parameters made a version."""
    from pipeline.print_origin import print_origin
    from pipeline.workspace import Workspace

    print_origin(Workspace(workspace), path, as_json=json_)


def diff(
    run: RunArgument,
    other: RunArgument,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """Show what differs between two runs."""
    from pipeline.diff import print_diff
    from pipeline.workspace import Workspace

    print_diff(Workspace(workspace), run, other, as_json=json_)


def _chosen(workspace, context: typer.Context):
    """`marquee runs --workspace W show ID` means the same as `marquee runs show ID --workspace W`."""
    given = context.get_parameter_source("workspace")
    return context.obj if given is not None and given.name == "DEFAULT" else workspace

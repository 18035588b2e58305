"""The commands that look back: `runs` with `show`, `tag` and `note`, `lineage` and `diff`."""

from typing import Annotated, Literal

import typer

from pipeline.cli.commands.options import JsonOption, WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE

RunArgument = Annotated[str, typer.Argument(help="Run ID, the end of one, or `latest`.")]

runs = typer.Typer(
    help="List the runs in the workspace, or show, tag or annotate one.",
    invoke_without_command=True,
    add_completion=False,
)


@runs.callback()
def list_runs(
    context: typer.Context,
    tag: Annotated[list[str] | None, typer.Option(help="Only runs with this tag; repeatable.")] = None,
    status: Annotated[
        Literal["done", "failed", "interrupted", "cancelled", "running"] | None,
        typer.Option(help="Only runs in this state."),
    ] = None,
    since: Annotated[
        str,
        typer.Option(
            metavar="TIME", help="Only runs started since a date (2026-11-01), or in the last 12h, 7d or 2w."
        ),
    ] = "",
    config: Annotated[
        str, typer.Option("--config", "-c", help="Only runs of the configuration with this name.")
    ] = "",
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=0, help="Number of newest runs to list; 0 lists all.")
    ] = 0,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """List the runs in the workspace, or show, tag or annotate one."""
    from pipeline.store.workspace import Workspace

    context.obj = workspace
    if context.invoked_subcommand is None:
        from pipeline.cli.printing.runs import print_runs
        from pipeline.store.runs.filter import RunFilter

        wanted = RunFilter.of(tag or [], status or "", since, config, limit)
        print_runs(Workspace(workspace), wanted, as_json=json_)


@runs.command()
def show(
    context: typer.Context,
    run: RunArgument,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """Show the nodes of a run with their settings, and its outcome."""
    from pipeline.cli.printing.run import show_run
    from pipeline.store.workspace import Workspace

    show_run(Workspace(_chosen(workspace, context)), run, as_json=json_)


@runs.command("tag")
def tag_run(
    context: typer.Context,
    run: RunArgument,
    tags: Annotated[list[str] | None, typer.Argument(help="Tags to add.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="Tag to remove; repeatable.")] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Add tags to a run, by which `marquee runs --tag` finds it, or remove them."""
    from pipeline.store.runs.labels import label
    from pipeline.store.runs.rows import known_run
    from pipeline.store.workspace import Workspace

    if not tags and not remove:
        raise typer.BadParameter("give one or more tags, or --remove TAG")
    place = Workspace(_chosen(workspace, context))
    run_id = known_run(place, run).run_id
    said = label(place, run_id, tags or [], remove or [])
    typer.echo(f"run {run_id}: {', '.join(said.tags) or 'no tags'}")


@runs.command("note")
def note_run(
    context: typer.Context,
    run: RunArgument,
    text: Annotated[str, typer.Argument(help="Text that replaces the run's note; '' removes it.")],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write a note on a run, such as what was tried and why."""
    from pipeline.store.runs.labels import label
    from pipeline.store.runs.rows import known_run
    from pipeline.store.workspace import Workspace

    place = Workspace(_chosen(workspace, context))
    run_id = known_run(place, run).run_id
    said = label(place, run_id, note=text)
    typer.echo(f"run {run_id}: {said.note or 'no note'}")


def lineage(
    path: Annotated[
        str, typer.Argument(help="Pushed version (recommender/3), its folder, or an artifact's folder.")
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """Show which data, code, configuration and parameters made a version."""
    from pipeline.cli.printing.origin import print_origin
    from pipeline.store.workspace import Workspace

    print_origin(Workspace(workspace), path, as_json=json_)


def diff(
    runs: Annotated[
        list[str], typer.Argument(metavar="RUN RUN [RUN]...", help="Run IDs, their ends, or `latest`.")
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """Show the differences between runs: settings, data, code, and which measures best."""
    from pipeline.cli.printing.diff import print_diff
    from pipeline.store.workspace import Workspace

    if len(runs) < 2:
        raise typer.BadParameter("give two or more runs")
    print_diff(Workspace(workspace), runs, as_json=json_)


def _chosen(workspace, context: typer.Context):
    """`marquee runs --workspace W show ID` means the same as `marquee runs show ID --workspace W`."""
    given = context.get_parameter_source("workspace")
    return context.obj if given is not None and given.name == "DEFAULT" else workspace

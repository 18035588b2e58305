"""The commands that look back: `runs` with `show`, `tag` and `note`, `lineage` and `diff`."""

from typing import Annotated, Literal

import typer

from pipeline.cli.commands.options import JsonOption, WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE

RunArgument = Annotated[str, typer.Argument(help="A run's name, the end of it, or `latest`.")]

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
        typer.Option(help="Only runs that ended like this, or are running."),
    ] = None,
    since: Annotated[
        str,
        typer.Option(metavar="TIME", help="Only runs begun since 2026-11-01, or since 12h, 7d or 2w ago."),
    ] = "",
    config: Annotated[
        str, typer.Option("--config", "-c", help="Only runs of this configuration's name.")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="The newest so many; 0 for all.")] = 0,
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
    """Show what each node of a run did, was told and made."""
    from pipeline.cli.printing.run import show_run
    from pipeline.store.workspace import Workspace

    show_run(Workspace(_chosen(workspace, context)), run, as_json=json_)


@runs.command("tag")
def tag_run(
    context: typer.Context,
    run: RunArgument,
    tags: Annotated[list[str] | None, typer.Argument(help="Tags to give it.")] = None,
    remove: Annotated[list[str] | None, typer.Option(help="A tag to take away; repeatable.")] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Give a run tags, by which `marquee runs --tag` finds it, or take them away."""
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
    text: Annotated[str, typer.Argument(help="The note, instead of the one there is; '' removes it.")],
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
        str, typer.Argument(help="A pushed version: recommender/3, or its folder; or an artifact's folder.")
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
        list[str], typer.Argument(metavar="RUN RUN [RUN]...", help="Names of runs, their ends, or `latest`.")
    ],
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    json_: JsonOption = False,
) -> None:
    """Show what differs between two runs or more: settings, data, code, and which measures best."""
    from pipeline.cli.printing.diff import print_diff
    from pipeline.store.workspace import Workspace

    if len(runs) < 2:
        raise typer.BadParameter("name two runs or more")
    print_diff(Workspace(workspace), runs, as_json=json_)


def _chosen(workspace, context: typer.Context):
    """`marquee runs --workspace W show ID` means the same as `marquee runs show ID --workspace W`."""
    given = context.get_parameter_source("workspace")
    return context.obj if given is not None and given.name == "DEFAULT" else workspace

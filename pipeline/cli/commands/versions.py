"""The commands that choose the served version by hand: `rollback` and `restore`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.commands.options import WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE

NameArgument = Annotated[
    str, typer.Argument(help="Model, such as `recommender`; the models pushed with it change as well.")
]
ModelsOption = Annotated[
    Path | None,
    typer.Option(help="Folder of <name>/<version>/ SavedModels, instead of the workspace's."),
]


def rollback(
    name: NameArgument,
    to: Annotated[
        int | None,
        typer.Option(min=1, help="Version to go back to; the one before the served version if not given."),
    ] = None,
    models: ModelsOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Withdraw the served version of a model, so that an older one is served again.

    Withdrawn models are kept, and no run pushes them again: `marquee restore` brings them back.
    """
    from pipeline.store.workspace import Workspace
    from serving.versions.version_sets import history, rollback_set
    from serving.versions.versions import ROLLED_BACK

    folder = models or Workspace(workspace).serving_models
    for each, (last, served) in rollback_set(folder, name, to).items():
        gone = history(folder / ROLLED_BACK / each / str(last)).get("together", {}).get(each, [last])
        which = f"version{'s' if len(gone) > 1 else ''} {', '.join(map(str, gone))}"
        typer.echo(f"{each}: {which} withdrawn, version {served} is the served version")
    typer.echo(f"undo it:  {_again('restore', name, models, workspace)}")


def restore(
    name: NameArgument,
    version: Annotated[
        int | None,
        typer.Argument(min=1, help="Withdrawn version; if not given, the last rollback is undone."),
    ] = None,
    models: ModelsOption = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Serve a withdrawn version of a model again: undo a rollback.

    It keeps its number, or gets a new one if another version was pushed since.
    """
    from pipeline.store.workspace import Workspace
    from serving.versions.version_sets import restore_set

    change = restore_set(models or Workspace(workspace).serving_models, name, version)
    for each, (old, served) in change.items():
        new = "" if old == served else f" as version {served}"
        typer.echo(f"{each}: version {old} is back{new}, and is the served version")


def _again(verb: str, name: str, models: Path | None, workspace: Path) -> str:
    from pipeline.store.program import command

    return (
        command(verb, name, "--models", str(models)) if models else command(verb, name, workspace=workspace)
    )

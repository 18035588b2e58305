"""The command `marquee run`."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.commands.options import ConfigOption, NoTuneOption, SetOption, WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def run(
    config: ConfigOption = "ml-100k",
    data: Annotated[
        Path | None, typer.Option(help="File or folder of ratings to read instead of downloading.")
    ] = None,
    set_: SetOption = None,
    from_node: Annotated[
        str | None, typer.Option(help="First node to run; outputs of earlier nodes come from the last run.")
    ] = None,
    to_node: Annotated[
        str | None, typer.Option(help="Last node to run; nodes that it does not need are left out.")
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    no_tune: NoTuneOption = False,
    fail_on_refusal: Annotated[
        bool,
        typer.Option("--fail-on-refusal", help="Exit with status 3, not 0, when the new models are refused."),
    ] = False,
    tag: Annotated[
        list[str] | None, typer.Option(help="Tag for the run, found by `marquee runs --tag`; repeatable.")
    ] = None,
    note: Annotated[str, typer.Option(help="Note on the run, such as what is tried and why.")] = "",
) -> None:
    """Run the pipeline from data to pushed models; steps whose inputs did not change are reused."""
    from pipeline.cli.run import RunRequest
    from pipeline.cli.run import run as run_pipeline
    from pipeline.config.load import run_config
    from pipeline.execution.exit_status import REFUSED
    from pipeline.store.program import workspace_option
    from pipeline.store.workspace import Workspace

    loaded = run_config(config, set_, data, no_tune)
    command = ["run", "--config", config, *(part for s in set_ or [] for part in ("--set", s))]
    command += ["--data", str(data)] if data else []
    command += workspace_option(workspace)
    command += ["--no-tune"] if no_tune else []
    command += ["--to-node", to_node] if to_node else []
    command += ["--fail-on-refusal"] if fail_on_refusal else []
    command += [part for each in tag or [] for part in ("--tag", each)]
    command += ["--note", note] if note else []
    overrides = (*(set_ or []), *(["--no-tune"] if no_tune else []), *([f"--data {data}"] if data else []))
    accepted = run_pipeline(
        RunRequest(
            loaded,
            Workspace(workspace),
            from_node,
            to_node,
            tuple(command),
            overrides=overrides,
            tags=tuple(tag or []),
            note=note,
        )
    )
    if fail_on_refusal and not accepted:
        raise typer.Exit(REFUSED)

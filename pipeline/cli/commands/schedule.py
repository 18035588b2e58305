"""The command `marquee schedule`."""

from typing import Annotated, Any, Literal

import typer

from pipeline.cli.commands.options import WorkspaceOption
from pipeline.cli.commands.run import run
from pipeline.store.program import DEFAULT_WORKSPACE

#: Settings of the command's context: options that `schedule` does not know are those of `marquee run`.
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True}


def schedule(
    context: typer.Context,
    cron: Annotated[
        str | None,
        typer.Option(
            metavar='"0 3 * * *"',
            help="Cron expression: minute, hour, day, month, weekday, in local time or in that of TZ.",
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", help="Run once now, with the schedule's log and hooks, and end.")
    ] = False,
    missed: Annotated[
        Literal["run-once", "skip"],
        typer.Option(
            help="What follows times at which no run could begin: one run as soon as possible, or none."
        ),
    ] = "run-once",
    on_success: Annotated[
        str | None,
        typer.Option(
            metavar="CMD|URL",
            help="Command (JSON on standard input) or URL (JSON by POST) told of each run that succeeded.",
        ),
    ] = None,
    on_refused: Annotated[
        str | None,
        typer.Option(
            metavar="CMD|URL", help="Command or URL told of each run whose new models were refused."
        ),
    ] = None,
    on_failure: Annotated[
        str | None, typer.Option(metavar="CMD|URL", help="Command or URL told of each run that failed.")
    ] = None,
    print_: Annotated[
        Literal["systemd", "crontab", "kubernetes"] | None,
        typer.Option("--print", help="Print this schedule for another scheduler, and end."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Run the pipeline at the times of a cron expression.

    Other options are passed to `marquee run`: --config, --set, --data, --no-tune. With --once the exit status
    is 3 when the new models were refused, and 1 when the run failed.
    """
    from pipeline.cli.schedule import schedule_command
    from pipeline.schedule.schedule import Hooks

    if cron is None and (print_ or not once):
        raise typer.BadParameter('say when: --cron "0 3 * * *" is every night at three; or now: --once')
    if cron is not None and once and not print_:
        raise typer.BadParameter("give --cron or --once, and not both")
    options = _checked(list(context.args))
    hooks = Hooks(on_success, on_refused, on_failure)
    status = schedule_command(cron, tuple(context.args), options, missed, hooks, print_, workspace)
    raise typer.Exit(status)


def _checked(arguments: list[str]) -> dict[str, Any]:
    """Parses options of `marquee run` as that command does: a mistake in them must not wait for the night."""
    alone = typer.Typer(add_completion=False)
    alone.command()(run)
    with typer.main.get_command(alone).make_context("marquee run", arguments) as checked:
        return {name: checked.params[name] for name in ("config", "set_", "data", "no_tune")}

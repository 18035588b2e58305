"""Implementation of `marquee schedule`: a schedule, a single run, or a printed unit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.config.load import run_config
from pipeline.execution.exit_status import REFUSED
from pipeline.schedule.cron import Cron
from pipeline.schedule.schedule import Hooks, ScheduleRequest, run_once, schedule
from pipeline.schedule.scheduler import Missed
from pipeline.schedule.units import Kind, Unit, unit
from pipeline.store.program import program_path
from pipeline.store.workspace import Workspace

_FAIL = "--fail-on-refusal"  # how a run tells a schedule that its models were refused


def schedule_command(
    cron: str | None,
    run_options: tuple[str, ...],
    options: Mapping[str, Any],
    missed: Missed,
    hooks: Hooks,
    print_: Kind | None,
    workspace: Path,
) -> int:
    """Runs a schedule or a single run, or prints a unit.

    Args:
        cron: cron expression; None for a single run now.
        run_options: options of every run.
        options: those of them that make the configuration, which is checked here, so that a mistake is found
            before the first scheduled run.
        missed, hooks: values of the command line.
        print_: scheduler to print a unit for, instead of running.
        workspace: workspace of the runs.

    Returns:
        The exit status: 0 for a schedule that was told to stop; for a single run, 3 if its models were
        refused, and 1 if it failed or was interrupted.
    """
    run_config(options["config"], options["set_"], options["data"], options["no_tune"])
    when = Cron.parse(cron) if cron is not None else None
    if print_:
        assert when is not None  # the command line takes no --print without --cron
        arguments = ["schedule", "--once", "--missed", missed, *hooks.options()]
        # In a cluster the workspace is a volume, and the container is told where.
        arguments += [] if print_ == "kubernetes" else ["--workspace", str(workspace.resolve())]
        wanted = Unit(when, missed, program_path(), (*arguments, *run_options), Path.cwd())
        print(unit(print_, wanted), end="")
        return 0
    refusal = () if _FAIL in run_options else (_FAIL,)
    # Absolute: a command that the run prints ends up in a log, and is pasted who knows where.
    command = (*program_path(), "run", "--workspace", str(workspace.resolve()), *run_options, *refusal)
    request = ScheduleRequest(Workspace(workspace), command, missed, hooks)
    if when:
        schedule(request, when)
        return 0
    run = run_once(request)
    return {"done": 0, "skipped": 0, "refused": REFUSED}.get(run.outcome, 1)

"""From `marquee schedule`'s options to a schedule, one run, or a printed unit."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.load_config import load_config
from pipeline.program import program_path
from pipeline.schedule.cron import Cron
from pipeline.schedule.schedule import ScheduleRequest, run_once, schedule
from pipeline.schedule.scheduler import Missed
from pipeline.schedule.units import Kind, Unit, unit
from pipeline.workspace import Workspace


def schedule_command(
    cron: str | None,
    run_options: tuple[str, ...],
    config: Mapping[str, Any],
    missed: Missed,
    on_success: str | None,
    on_failure: str | None,
    print_: Kind | None,
    workspace: Path,
) -> int:
    """Does what was asked for.

    Args:
        cron: when; None for once, now.
        run_options: for every run.
        config: what of them makes the configuration, which is read here: a mistake in it shall not wait
            for three in the morning.
        missed, on_success, on_failure: as the command line has them.
        print_: print for this clock instead of running.
        workspace: where everything goes.

    Returns:
        The exit status: 0 for a schedule that was told to stop, or that of the one run.
    """
    load_config(config["config"], config["set_"] or [])
    when = Cron.parse(cron) if cron else None
    if print_:
        hooks = {"--on-success": on_success, "--on-failure": on_failure}
        arguments = ["schedule", "--once", "--missed", missed]
        arguments += [part for name, target in hooks.items() if target for part in (name, target)]
        # In a cluster the workspace is a volume, and the container is told where.
        arguments += [] if print_ == "kubernetes" else ["--workspace", str(workspace.resolve())]
        wanted = Unit(when, missed, program_path(), (*arguments, *run_options), Path.cwd())
        print(unit(print_, wanted), end="")
        return 0
    command = (*program_path(), "run", "--workspace", str(workspace), *run_options)
    request = ScheduleRequest(Workspace(workspace), command, missed, on_success, on_failure)
    if when:
        schedule(request, when)
        return 0
    run = run_once(request)
    return 0 if run.outcome in ("done", "skipped") else 1

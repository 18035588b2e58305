"""Entry point of the command line; it imports nothing heavy, so that `--help` answers at once."""

import errno
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from marquee.errors import MarqueeError
from pipeline.cli.commands import (
    asking,
    bulk,
    cloud,
    history,
    inspect,
    models,
    report,
    run,
    schedule,
    serve,
    simulate,
    ui,
    versions,
)
from pipeline.cli.tensorboard import command as tensorboard
from pipeline.execution.interruption import Interrupted

app = typer.Typer(
    name="marquee",
    help="An end-to-end recommender pipeline: ingest, check, tune, train, bless, push, serve.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from marquee.version import version

        typer.echo(f"marquee {version()}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print Marquee's version and exit."
        ),
    ] = False,
) -> None:
    """Options of the program itself; the commands have their own."""


COMMANDS: dict[str, Callable[..., Any]] = {
    "inspect": inspect.inspect,
    "run": run.run,
    "schedule": schedule.schedule,
    "simulate": simulate.simulate,
    "serve": serve.serve,
    "recommend": asking.recommend,
    "rate": asking.rate,
    "bulk": bulk.bulk,
    "models": models.models,
    "export": models.export,
    "rollback": versions.rollback,
    "restore": versions.restore,
    "lineage": history.lineage,
    "diff": history.diff,
    "report": report.report,
    "ui": ui.ui,
    "tensorboard": tensorboard.tensorboard,
    "compile": cloud.compile_,
    "submit": cloud.submit,
    "deploy": cloud.deploy,
}
for name, command in COMMANDS.items():
    passed_on = schedule.PASSED_ON if command is schedule.schedule else None
    app.command(name, context_settings=passed_on)(command)
app.add_typer(history.runs, name="runs")


def main() -> None:
    """Runs the command line; a user's mistake is a message on standard error and exit status 1."""
    try:
        app()
    except MarqueeError as error:
        typer.secho("error: ", fg="red", nl=False, err=True)
        typer.echo(str(error), err=True)
        if isinstance(error, Interrupted):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(1)  # at once: Python would wait for threads that still compute
        sys.exit(1)
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise  # without a file it is nothing that a user could fix
        typer.secho("error: ", fg="red", nl=False, err=True)
        typer.echo(": ".join(str(each) for each in (error.filename, error.strerror) if each), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

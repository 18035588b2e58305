"""The `marquee` command line. Nothing heavy is imported here: `--help` must answer at once."""

import errno
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from marquee.errors import MarqueeError
from pipeline.cli import cloud as elsewhere
from pipeline.cli import history, versions
from pipeline.cli import report as run_report
from pipeline.cli.options import ConfigOption, SetOption, WorkspaceOption
from pipeline.cli.simulate import simulate
from pipeline.cli.tensorboard import command as tensorboard
from pipeline.cli.ui import ui
from pipeline.execution.interruption import Interrupted
from pipeline.store.program import DEFAULT_WORKSPACE

app = typer.Typer(
    name="marquee",
    help="Ratings in, recommendations out: ingest, check, tune, train, bless, push, serve.",
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
            "--version", callback=_print_version, is_eager=True, help="Print Marquee's version and end."
        ),
    ] = False,
) -> None:
    """Options of the program itself; the commands have their own."""


@app.command()
def run(
    config: ConfigOption = "ml-100k",
    data: Annotated[
        Path | None, typer.Option(help="A folder or file of ratings, instead of a download.")
    ] = None,
    set_: SetOption = None,
    from_node: Annotated[
        str | None, typer.Option(help="Begin here; the last run's outputs before it are used as they are.")
    ] = None,
    to_node: Annotated[str | None, typer.Option(help="End here, with what it needs.")] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
    no_tune: Annotated[bool, typer.Option("--no-tune", help="Train with the configured settings.")] = False,
    fail_on_refusal: Annotated[
        bool,
        typer.Option(
            "--fail-on-refusal", help="Exit with status 3 when the new models are refused; otherwise with 0."
        ),
    ] = False,
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag for the run, for `marquee runs --tag`; repeatable.")
    ] = None,
    note: Annotated[str, typer.Option(help="A note on the run, such as what is tried and why.")] = "",
) -> None:
    """Run the pipeline: data to a blessed, pushed model. What did not change is reused."""
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


@app.command()
def serve(
    models: Annotated[
        Path | None,
        typer.Option(help="A folder of <name>/<version>/ SavedModels, instead of the workspace's."),
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    rest_port: Annotated[int, typer.Option(min=0, max=65535, help="REST; 0 takes a free one.")] = 8501,
    grpc_port: Annotated[int, typer.Option(min=0, max=65535, help="gRPC; 0 takes a free one.")] = 8500,
    binary: Annotated[
        str | None,
        typer.Option(help="A tensorflow_model_server to start instead; `embedded`: not even one on PATH."),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="A folder: the embedded server writes a sample of requests and answers there."),
    ] = None,
    log_sample: Annotated[
        float, typer.Option(min=0, max=1, help="Which share of the requests --log writes down.")
    ] = 0.1,
    log_format: Annotated[
        Literal["jsonl", "tfrecord"], typer.Option(help="JSON Lines, or TF Serving's PredictionLogs.")
    ] = "jsonl",
    log_rotate_mb: Annotated[
        float, typer.Option(min=0.001, help="A file of the log is finished at this size.")
    ] = 64,
    log_rotate_minutes: Annotated[float, typer.Option(min=0.01, help="And at this age.")] = 60,
    keep_alive: Annotated[
        float,
        typer.Option(
            min=0.1,
            envvar="MARQUEE_KEEP_ALIVE",
            help="Seconds that an idle REST connection is kept; more than the load balancer's own idle time.",
        ),
    ] = 75,
    request_timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            envvar="MARQUEE_REQUEST_TIMEOUT",
            help="Seconds that a REST request may take to arrive before its connection is closed.",
        ),
    ] = 60,
    grace: Annotated[
        float,
        typer.Option(
            min=0,
            envvar="MARQUEE_GRACE",
            help="Seconds for which requests under way are still answered after SIGTERM or Ctrl-C.",
        ),
    ] = 5,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Answer over REST and gRPC, as TF Serving does; new versions are picked up while it runs.

    Where no model was pushed yet, the server waits for the first one.
    """
    from pipeline.cli.serve import serve as serve_models
    from pipeline.store.workspace import Workspace
    from serving.prediction_log.config import LogConfig
    from serving.server.config import ServerConfig

    to = LogConfig(log, log_sample, log_format, log_rotate_mb, log_rotate_minutes) if log else None
    config = ServerConfig(
        host=host,
        rest_port=rest_port,
        grpc_port=grpc_port,
        grace_seconds=grace,
        keep_alive_seconds=keep_alive,
        request_seconds=request_timeout,
        log=to,
    )
    serve_models(models or Workspace(workspace).serving_models, config, binary)


@app.command()
def rate(
    titles: Annotated[list[str], typer.Argument(help='Titles with their year: "Speed (1994)".')],
    user: Annotated[str, typer.Option("--user", "-u", help="The user's id.")],
    server: Annotated[str, typer.Option(help="A server's REST address.")] = "http://127.0.0.1:8501",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a running server how a user would rate films."""
    from pipeline.cli.asking.rate import rate as rate_titles

    rate_titles(server, user, titles, as_json=json_)


@app.command()
def recommend(
    user: Annotated[str | None, typer.Option("--user", "-u", help="The user's id.")] = None,
    like: Annotated[
        list[str] | None,
        typer.Option(help='Instead of a user, a film somebody likes: "Alien (1979)"; repeatable.'),
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, max=2**31 - 1, help="How many films.")] = 10,
    seen: Annotated[bool, typer.Option("--seen", help="Films the user has seen may come back.")] = False,
    server: Annotated[str, typer.Option(help="A server's REST address.")] = "http://127.0.0.1:8501",
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Ask a running server what somebody should watch, and why."""
    if (user is None) == (not like):
        raise typer.BadParameter("give --user, or --like with a title, and not both")
    if like and seen:
        raise typer.BadParameter("--seen goes with --user: what --like names is never recommended")
    from pipeline.cli.asking.recommend import recommend as recommend_films

    recommend_films(server, user, like or [], k, seen, as_json=json_)


@app.command()
def bulk(
    out: Annotated[Path, typer.Option(help="The folder to write; the same command again goes on there.")],
    k: Annotated[int, typer.Option("-k", min=1, max=2**31 - 1, help="How many films a user.")] = 10,
    users: Annotated[
        Path | None, typer.Option(help="A file of user ids, one a line, instead of all users.")
    ] = None,
    format_: Annotated[
        Literal["parquet", "inference-result", "both"],
        typer.Option("--format", help="Parquet, or TFX's InferenceResult."),
    ] = "parquet",
    seen: Annotated[bool, typer.Option("--seen", help="Films a user has seen may come back.")] = False,
    block: Annotated[int, typer.Option(min=1, help="Users at a time; memory grows with it.")] = 512,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Delete what another command wrote there.")
    ] = False,
    models: Annotated[
        Path | None,
        typer.Option(help="A folder of <name>/<version>/ SavedModels, instead of the workspace's."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write recommendations for every user to files, without a server."""
    from pipeline.cli.bulk import bulk as write_bulk
    from pipeline.store.workspace import Workspace
    from serving.bulk.bulk import BulkRequest

    command = ["bulk", "--out", str(out), "-k", str(k), "--format", format_, "--block", str(block)]
    command += ["--users", str(users)] if users else []
    command += ["--seen"] if seen else []
    command += ["--models", str(models)] if models else []
    command += ["--workspace", str(workspace)] if workspace != DEFAULT_WORKSPACE else []
    request = BulkRequest(k=k, exclude_seen=not seen, format=format_, block=block)
    write_bulk(models or Workspace(workspace).serving_models, out, request, users, overwrite, command)


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def schedule(
    context: typer.Context,
    cron: Annotated[
        str | None,
        typer.Option(metavar='"0 3 * * *"', help="Minute, hour, day, month, weekday; local time, or TZ's."),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One run now, with log and hooks; then end.")] = False,
    missed: Annotated[
        Literal["run-once", "skip"],
        typer.Option(help="A time at which nothing could begin: one run as soon as possible, or none."),
    ] = "run-once",
    on_success: Annotated[
        str | None,
        typer.Option(metavar="CMD|URL", help="Is told of a run in JSON: on standard input, or by POST."),
    ] = None,
    on_refused: Annotated[
        str | None,
        typer.Option(
            metavar="CMD|URL", help="The same, of a run whose new models are not good enough to serve."
        ),
    ] = None,
    on_failure: Annotated[
        str | None, typer.Option(metavar="CMD|URL", help="The same, of a run that failed.")
    ] = None,
    print_: Annotated[
        Literal["systemd", "crontab", "kubernetes"] | None,
        typer.Option("--print", help="Print the same schedule for another clock, and end."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Run the pipeline again and again, at the times of a cron expression.

    Other options are those of `marquee run`: --config, --set, --data, --no-tune. With --once the exit status
    is 3 when the new models are refused, and 1 when the run failed.
    """
    from pipeline.cli.schedule import schedule_command
    from pipeline.schedule.schedule import Hooks

    if cron is None and (print_ or not once):
        raise typer.BadParameter('say when: --cron "0 3 * * *" is every night at three; or now: --once')
    if cron is not None and once and not print_:
        raise typer.BadParameter("give --cron or --once, and not both")
    run_command = typer.main.get_command(app).commands["run"]
    with run_command.make_context("marquee run", list(context.args)) as checked:
        options = {name: checked.params[name] for name in ("config", "set_", "data", "no_tune")}
    hooks = Hooks(on_success, on_refused, on_failure)
    status = schedule_command(cron, tuple(context.args), options, missed, hooks, print_, workspace)
    raise typer.Exit(status)


@app.command()
def models(
    kind: Annotated[str | None, typer.Argument(help="A kind, such as `dcn`: its settings.")] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List the kinds of models, or the settings of one."""
    from pipeline.cli.kinds import print_models

    print_models(kind, as_json=json_)


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="The file to write.")],
    format_: Annotated[
        Literal["tflite"], typer.Option("--format", help="TensorFlow Lite, for phones and small boards.")
    ] = "tflite",
    models: Annotated[
        Path | None,
        typer.Option(help="A folder of <name>/<version>/ SavedModels, instead of the workspace's."),
    ] = None,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Write the served ranking model to one file for another runtime."""
    from pipeline.cli.export import export as export_model
    from pipeline.store.workspace import Workspace

    export_model(models or Workspace(workspace).serving_models, out)


app.command()(versions.rollback)
app.command()(versions.restore)
app.add_typer(history.runs, name="runs")
app.command()(history.lineage)
app.command()(history.diff)
app.command()(ui)
app.command(name="compile")(elsewhere.compile_)
app.command()(elsewhere.submit)
app.command()(elsewhere.deploy)
app.command()(run_report.report)
app.command()(simulate)
app.command()(tensorboard.tensorboard)


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
            os._exit(1)  # at once: Python would wait for the threads that still compute something
        sys.exit(1)
    except OSError as error:
        if error.filename is None and error.errno != errno.ENOSPC:
            raise  # of no file: nothing that a user could mend
        typer.secho("error: ", fg="red", nl=False, err=True)
        typer.echo(": ".join(str(each) for each in (error.filename, error.strerror) if each), err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()

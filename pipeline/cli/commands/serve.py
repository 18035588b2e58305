"""The command `marquee serve`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.commands.options import ModelsOption, WorkspaceOption
from pipeline.store.program import DEFAULT_WORKSPACE


def serve(
    models: ModelsOption = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    rest_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of REST; 0 takes a free one.")
    ] = 8501,
    grpc_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of gRPC; 0 takes a free one.")
    ] = 8500,
    binary: Annotated[
        str | None,
        typer.Option(
            help="tensorflow_model_server to start, or `embedded`. Default: one on PATH, else `embedded`."
        ),
    ] = None,
    log: Annotated[
        Path | None,
        typer.Option(help="Folder to which the embedded server writes a sample of requests and answers."),
    ] = None,
    log_sample: Annotated[
        float, typer.Option(min=0, max=1, help="Share of the requests that --log writes, from 0 to 1.")
    ] = 0.1,
    log_format: Annotated[
        Literal["jsonl", "tfrecord"],
        typer.Option(help="Format of the log: JSON Lines, or TF Serving's PredictionLog in TFRecord files."),
    ] = "jsonl",
    log_rotate_mb: Annotated[
        float, typer.Option(min=0.001, help="Size in MB at which the log begins a new file.")
    ] = 64,
    log_rotate_minutes: Annotated[
        float, typer.Option(min=0.01, help="Age in minutes at which the log begins a new file.")
    ] = 60,
    keep_alive: Annotated[
        float,
        typer.Option(
            min=0.1,
            envvar="MARQUEE_KEEP_ALIVE",
            help="Seconds an idle REST connection stays open; more than the load balancer's idle time.",
        ),
    ] = 75,
    request_timeout: Annotated[
        float,
        typer.Option(
            min=0.1,
            envvar="MARQUEE_REQUEST_TIMEOUT",
            help="Seconds within which a REST request must arrive; later its connection is closed.",
        ),
    ] = 60,
    grace: Annotated[
        float,
        typer.Option(
            min=0,
            envvar="MARQUEE_GRACE",
            help="Seconds for which running requests are still answered after SIGTERM or Ctrl-C.",
        ),
    ] = 5,
    workspace: WorkspaceOption = DEFAULT_WORKSPACE,
) -> None:
    """Serve the pushed models over REST and gRPC, as TF Serving does.

    New versions are loaded while it runs. Where no model was pushed yet, the server waits for the first one.
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

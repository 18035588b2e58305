"""`marquee simulate`: the options, the data, the progress, the table and the page."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.commands.options import SetOption


def simulate(
    spans: Annotated[
        int, typer.Option(min=2, help="Number of spans of time into which the ratings are cut.")
    ] = 6,
    config: Annotated[
        str, typer.Option("--config", "-c", help="Configuration of each run: a bundled name or a YAML file.")
    ] = "continuous",
    out: Annotated[Path, typer.Option(help="Output folder; the same command again resumes there.")] = Path(
        "simulation"
    ),
    window: Annotated[
        int | None, typer.Option(min=1, help="Number of newest spans that a run reads; all if not given.")
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="MovieLens data set to replay; default: data that the configuration describes, else ml-100k."
        ),
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="Folder or file with its ratings, instead of a download.")
    ] = None,
    users: Annotated[
        int | None,
        typer.Option(min=1, help="Number of users to read, the first of the file; all if not given."),
    ] = None,
    cold: Annotated[
        bool,
        typer.Option("--cold/--no-cold", help="Also train from scratch on each span; takes twice the time."),
    ] = True,
    set_: SetOption = None,
) -> None:
    """Replay ratings by time, span by span, and plot the quality over time."""
    os.environ["TF_USE_LEGACY_KERAS"] = "0"  # before TensorFlow or TFX is imported: Keras 3
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    logging.getLogger("absl").setLevel(logging.ERROR)  # TFX's advice on Keras 2
    from pipeline.cli.terminal.console import native_chatter_dropped

    with native_chatter_dropped():
        from pipeline.cli.show_simulation import (  # TensorFlow and TFX: seconds
            SimulateRequest,
            data_to_replay,
            run_simulation,
        )

    command = ["simulate", "--spans", str(spans), "--config", config, "--out", str(out)]
    command += ["--window", str(window)] if window else []
    command += ["--dataset", dataset] if dataset else []
    command += ["--data", str(data)] if data else []
    command += ["--users", str(users)] if users else []
    command += [] if cold else ["--no-cold"]
    command += [part for each in set_ or [] for part in ("--set", each)]
    request = SimulateRequest(
        config=config,
        overrides=tuple(set_ or []),
        spans=spans,
        out=out,
        window=window,
        cold=cold,
        data=data_to_replay(config, set_ or [], dataset, data, users),
        command=tuple(command),
    )
    run_simulation(request)

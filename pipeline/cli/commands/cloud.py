"""The commands that take the pipeline, and what it pushes, elsewhere: `compile`, `submit` and `deploy`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.commands.options import ConfigOption, NoTuneOption, SetOption

ImageOption = Annotated[
    str, typer.Option(help="Container image with Marquee installed; the Dockerfile builds one.")
]


def compile_(
    image: ImageOption,
    target: Annotated[
        Literal["kubeflow", "vertex"], typer.Option(help="System that will run the pipeline.")
    ] = "kubeflow",
    out: Annotated[
        Path | None,
        typer.Option(help="File to write. Default: pipeline.yaml for Kubeflow, pipeline.json for Vertex."),
    ] = None,
    config: ConfigOption = "ml-100k",
    set_: SetOption = None,
    no_tune: NoTuneOption = False,
) -> None:
    """Write the pipeline as a file that Kubeflow or Vertex runs."""
    from pipeline.cli.kubeflow import write_pipeline
    from pipeline.config.load import run_config

    loaded = run_config(config, set_, None, no_tune)
    suffix = {"kubeflow": "yaml", "vertex": "json"}[target]
    write_pipeline(loaded, target, image, out or Path(f"pipeline.{suffix}"))


def submit(
    file: Annotated[Path, typer.Argument(help="File that `marquee compile` wrote for Kubeflow.")],
    host: Annotated[str, typer.Option(envvar="KF_PIPELINES_ENDPOINT", help="Address of Kubeflow Pipelines.")],
    cron: Annotated[
        str | None,
        typer.Option(
            help='Cron expression of a recurring run, such as "0 3 * * *"; without it: one run now.'
        ),
    ] = None,
    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter", metavar="NAME=VALUE", help="Value of `data` or `serving_models`; repeatable."
        ),
    ] = None,
    experiment: Annotated[
        str, typer.Option(help="Experiment under which Kubeflow lists the runs.")
    ] = "marquee",
    namespace: Annotated[
        str | None, typer.Option(help="Kubernetes namespace, on a cluster with several users.")
    ] = None,
) -> None:
    """Send a compiled pipeline to Kubeflow, once or on a schedule."""
    from pipeline.kubeflow.submit import Submission
    from pipeline.kubeflow.submit import submit as submit_pipeline

    submission = Submission(file, host, cron, tuple(parameters or []), experiment, namespace)
    typer.echo(submit_pipeline(submission))


def deploy(
    target: Annotated[
        Literal["kubernetes", "kserve", "tf-serving", "prometheus"],
        typer.Option(help="Kind of files to write."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to write to.")],
    config: ConfigOption = "ml-100k",
    set_: SetOption = None,
) -> None:
    """Write manifests that serve the pushed models, from the configuration's `deploy`."""
    from pipeline.config.load import load_config
    from serving.deploy import write

    for file in write(target, load_config(config, set_ or []).deploy, out):
        typer.echo(str(file))

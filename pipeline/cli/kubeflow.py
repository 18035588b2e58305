"""Implementation of `marquee compile`."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from pipeline.cli.terminal.console import native_chatter_dropped
from pipeline.config.schema import RunConfig
from pipeline.store.program import command

if TYPE_CHECKING:
    from pipeline.kubeflow.compile import Target


def write_pipeline(config: RunConfig, target: "Target", image: str, out: Path) -> None:
    """Compiles the pipeline, and prints the file, its tasks, and the next command."""
    logging.getLogger("absl").setLevel(logging.ERROR)  # TFX's advice on Keras 2
    with native_chatter_dropped():
        from pipeline.kubeflow.compile import compile_pipeline  # TFX: ten seconds

        spec = compile_pipeline(config, target, image, out)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{out}[/]  {len(spec['root']['dag']['tasks'])} tasks, image {image}")
    if target == "kubeflow":
        send = command("submit", out, "--host", "http://localhost:8888")
        console.print(f"send it: {send}", style="dim", markup=False)
    else:
        console.print(
            f"[dim]send it: gcloud ai, or aiplatform.PipelineJob(template_path='{out}').submit()[/]"
        )

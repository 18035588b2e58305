"""Implementation of `marquee export`: the served ranking model in another format."""

import os
from pathlib import Path

from rich.console import Console

from pipeline.cli.terminal.console import native_chatter_dropped


def export(models: Path, out: Path) -> None:
    """Writes the served ranking model as a TensorFlow Lite file and prints the result of the comparison.

    Raises:
        ServingError: there is no model, it cannot be converted, or `out` cannot be written.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "0"
    with native_chatter_dropped():
        from serving.export.tflite import MODEL, export_tflite  # imports TensorFlow: seconds

        written = export_tflite(models, out)
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{MODEL}[/] version {written.version}")
    if written.asked:
        console.print(
            f"{written.asked} ratings as the trained model gives them; "
            f"the largest difference is {written.largest_difference:.1g}"
        )
    else:
        console.print("[yellow]the model has no stored answers of the trained model: nothing was compared[/]")
    console.print(f"{out}, {written.size / 1e6:,.1f} MB", markup=False)

"""The command `marquee inspect`."""

from pathlib import Path
from typing import Annotated

import typer


def inspect(
    path: Annotated[
        Path, typer.Argument(help="File, folder or archive of interactions, and perhaps of items and users.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out", "-o", metavar="FILE", help="Configuration to write; its schema is written beside it."
        ),
    ] = Path("mine.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist already.")] = False,
) -> None:
    """Look at files of your own, and write the configuration that `marquee run` reads them by.

    It says what each file and column was taken for and why. What is wrong can be changed in FILE.
    """
    from pipeline.cli.inspecting import inspect_and_print

    inspect_and_print(path, out, force)

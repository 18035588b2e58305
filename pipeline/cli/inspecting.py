"""The inspection of files with its output on a terminal."""

from pathlib import Path

from rich.console import Console

from pipeline.cli.printing.inspection import print_proposal, print_written
from pipeline.cli.terminal.console import busy, native_chatter_dropped
from pipeline.inspection.inspect import inspect


def inspect_and_print(path: Path, out: Path, force: bool) -> None:
    """Inspects files, prints what was found, writes the configuration, and prints how to go on.

    Args:
        path: a file, a folder or an archive.
        out: the configuration to write.
        force: whether existing files may be overwritten.

    Raises:
        MarqueeError: see `pipeline.inspection.inspect.inspect`.
    """
    console = Console(highlight=False)
    with native_chatter_dropped(), busy(console, "looking") as told:
        inspected = inspect(path, out, force, told, lambda proposal: print_proposal(proposal, console))
    print_written(inspected, path, console)

"""Implementation of `marquee bulk`: recommendations for every user to files, with progress and resumption."""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeRemainingColumn,
)

from pipeline.cli.terminal.console import native_chatter_dropped
from pipeline.execution.interruption import Interrupted, Interruption
from pipeline.store.program import command as command_line
from pipeline.store.program import push_first
from serving.bulk.bulk import BulkRequest, BulkResult
from serving.bulk.bulk import bulk as write_all
from serving.data_words import DataWords, description_of
from serving.errors import ServingError
from serving.versions.versions import list_versions, version_folder

MODEL = "recommender"


def bulk(
    models: Path,
    out: Path,
    request: BulkRequest,
    users: Path | None,
    overwrite: bool,
    command: Sequence[str],
) -> None:
    """Runs the served `recommender`, in this process, for many users.

    Args:
        models: folder with `<name>/<version>/`.
        out: folder to write.
        request: options of the recommendations.
        users: file of ids, or None for all users that the model knows.
        overwrite: whether to delete what another command wrote to `out`.
        command: command, without the program, that resumes after an interruption.

    Raises:
        MarqueeError: the run was interrupted; the message holds the command that resumes it.
        ServingError: there is no recommender, there are no ids, or the folder holds something else.
    """
    versions = list_versions(models, MODEL)
    if not versions:
        raise ServingError(f"there is no {MODEL} in {models}", push_first(models))
    os.environ["TF_USE_LEGACY_KERAS"] = "0"
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{MODEL}[/] version {versions[-1]}")
    source = version_folder(models, MODEL, versions[-1])
    interrupted = Interrupted(
        f"interrupted; the finished parts in {out} are kept", f"resume with: {command_line(*command)}"
    )

    def last_words() -> None:
        print(f"error: {interrupted}", file=sys.stderr, flush=True)

    with native_chatter_dropped(), Interruption(last_words) as interruption:
        try:
            with _bar(console, interruption) as on_progress:
                result = write_all(source, out, request, users, overwrite, on_progress)
        except KeyboardInterrupt:
            raise interrupted from None
    _say(console, result, out, request, DataWords.of(description_of(source)))


@contextmanager
def _bar(console: Console, interruption: Interruption) -> Iterator[Callable[[int, int], None]]:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("users"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("loading", total=None, speed="")

        def on_progress(done: int, of: int) -> None:
            interruption.check()
            if bar.tasks[0].total is None:  # the work of an earlier run does not count for the speed
                bar.reset(task, total=of, completed=done)
                return
            speed = bar.tasks[0].finished_speed or bar.tasks[0].speed
            shown = f"{speed:,.0f}/s" if speed else ""
            bar.update(task, description="asking", completed=done, speed=shown)

        yield on_progress


def _say(console: Console, result: BulkResult, out: Path, request: BulkRequest, words: DataWords) -> None:
    kept = f", {result.kept:,} of them finished before" if result.kept else ""
    users, parts = (
        f"{number:,} {noun}{'' if number == 1 else 's'}"
        for number, noun in ((result.users, "user"), (result.parts, "part"))
    )
    console.print(f"{users} in {parts}{kept}")
    if result.strangers:
        console.print(
            f"[yellow]{result.strangers:,} of them are cold-start users: they get popular {words.items}[/]"
        )
    if request.format != "inference-result":
        console.print(str(out / "parquet"), markup=False)
    if request.format != "parquet":
        console.print(str(out / "prediction_logs-*.gz"), markup=False)

"""Implementation of `marquee run`: data, DAG, progress, summary, and messages on failures."""

import contextlib
import datetime
import logging
import os
import re
import traceback
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from marquee.errors import MarqueeError
from pipeline.cli.terminal.console import busy, chatter_to, log_line
from pipeline.cli.terminal.near_path import near_path
from pipeline.config.schema import RunConfig
from pipeline.execution.interruption import Interrupted, Interruption
from pipeline.store.duration import duration
from pipeline.store.metadata.relocation import cache_key_without, relocate
from pipeline.store.program import command, program
from pipeline.store.runs.labels import checked_note, checked_tags, label
from pipeline.store.runs.record import RunRecord
from pipeline.store.workspace import Workspace
from serving.versions.renames import recover
from trainer.data.feature_options import unlearned_context

# Before TensorFlow or TFX is imported, and inherited by child processes: TFX would choose Keras 2.
os.environ["TF_USE_LEGACY_KERAS"] = "0"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "1")


@dataclass(frozen=True)
class RunRequest:
    """Options of a run from the command line.

    Args:
        config: configuration with overrides applied.
        workspace: workspace of the run.
        from_node, to_node: first and last node to run, or None.
        command: command line without the program and without `--from-node`, which resumes the run.
        overrides: options given in addition to the configuration: `a.b=1`, `--no-tune`, `--data …`.
        tags, note: labels of the run.
    """

    config: RunConfig
    workspace: Workspace
    from_node: str | None = None
    to_node: str | None = None
    command: tuple[str, ...] = ("run",)
    overrides: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    note: str = ""

    @property
    def again(self) -> str:
        """Command that resumes the run."""
        return command(*self.command)


def run(request: RunRequest) -> bool:
    """Runs the pipeline and prints a summary.

    Returns:
        False if the new models were judged and refused, else True.

    Raises:
        MarqueeError: any error that a user can fix; a failed node's message ends with the command that
            resumes from it.
    """
    workspace = request.workspace
    checked_tags(request.tags)
    checked_note(request.note)
    run_id = datetime.datetime.now().strftime("%Y%m%d-%H%M%S")
    log = workspace.logs / f"run-{run_id}.log"
    interrupted = Interrupted("interrupted; what was finished is kept", f"resume with: {request.again}")
    with workspace.lock(), os.fdopen(os.dup(2), "w") as real_error, chatter_to(log) as console:
        record = RunRecord.begin(
            run_id,
            program(),
            request.command,
            request.config.plain(),
            request.from_node,
            request.overrides,
        )

        def last_words() -> None:
            """Prints the run's last message if a step takes too long to end by itself."""
            with contextlib.suppress(OSError):  # a full disk
                record.ended("interrupted").write(workspace.reports / run_id)
            with contextlib.suppress(OSError):
                log_line("interrupted in the middle of a long step, and ended there")
            shown = "\x1b[?25h\n" if console.is_terminal else ""  # the cursor, which the bar hides
            with contextlib.suppress(OSError):  # a terminal that is gone
                os.write(real_error.fileno(), f"{shown}error: {interrupted}\n".encode(errors="replace"))

        with Interruption(last_words) as interruption:
            console.print(
                f"[bold]Marquee[/] {request.config.name}  [dim]run {run_id}, log {escape(str(log))}[/]",
                soft_wrap=True,
            )
            log_line(f"run {run_id} of {request.config.name} started: {request.again}")
            record.write(workspace.reports / run_id)
            if request.tags or request.note:
                label(workspace, run_id, request.tags, note=request.note)
            try:
                accepted = _run(request, run_id, console, interruption)
            except KeyboardInterrupt:
                # No page: who interrupts wants to be let go. `marquee report` writes it.
                record.ended("interrupted").write(workspace.reports / run_id)
                if not request.to_node:
                    _summarize_pushed(request, run_id)
                log_line("interrupted")
                raise interrupted from None
            except MarqueeError as error:
                node = getattr(error.__cause__, "node", "")  # of a NodeFailedError
                log_line(f"failed: {error}")
                _report(record.ended("failed", node, error.message), workspace, console)
                raise
            log_line("done" if accepted else "done, the new models were refused")
            done = record.ended("done")
            assert done.seconds is not None  # it has just ended
            _report(done, workspace, console)
            console.print(f"[dim]{duration(done.seconds)} in all[/]")
            return accepted


def _run(request: RunRequest, run_id: str, console: Console, interruption: Interruption) -> bool:
    """Runs the pipeline; returns False if the new models were judged and refused."""
    source = _locate(request, console)
    with busy(console, "loading TFX"):
        from pipeline.cli.printing.summary import print_summary
        from pipeline.cli.terminal.progress import NodeProgress
        from pipeline.dag.graph import build_pipeline  # ten to twenty seconds
        from pipeline.dag.local_place import LocalPlace
        from pipeline.execution.partial_run import run_options
        from pipeline.execution.runner import NodeFailedError, ObservedDagRunner
        from pipeline.store.metadata.lineage import Lineage
        from pipeline.store.metadata.push_cache import PushCache
        from pipeline.store.summary import summarize
    recover(request.workspace.serving_models)  # before anything looks at what is served
    if relocate(request.workspace.metadata_db):
        log_line("the workspace was moved or copied: the paths in its metadata are those of its new place")
    pipeline = build_pipeline(request.config, source, LocalPlace(request.workspace))
    options = run_options(pipeline, request.from_node, request.to_node)
    root = str(request.workspace.root.resolve())
    with NodeProgress(console, interruption.check, log_line) as progress, cache_key_without(root):
        try:
            before = PushCache(Lineage(request.workspace.metadata_db), run_id)
            ObservedDagRunner(progress, run_id, before).run(pipeline, run_options=options)
        except NodeFailedError as failure:
            interruption.check()  # Beam wraps a KeyboardInterrupt in an error of its own
            log_line("".join(traceback.format_exception(failure.__cause__)).rstrip())
            if not request.to_node:
                _summarize_pushed(request, run_id)
            raise _failed(failure, request, request.workspace.logs / f"run-{run_id}.log") from failure
    if request.to_node:
        return True
    summary = summarize(request.workspace, request.config, run_id)
    summary.write(request.workspace)
    print_summary(summary, request.workspace.root, console)
    if not summary.blessed:
        console.print("\nrefused: the new models are not served; what was served before stays", markup=False)
    return summary.blessed


def _summarize_pushed(request: RunRequest, run_id: str) -> None:
    """Writes the summary of a run that ended early, but after the pusher: its decisions and push stand."""
    try:
        from pipeline.store.metadata.lineage import Lineage
        from pipeline.store.pushed import PUSHER
        from pipeline.store.summary import summarize

        run = Lineage(request.workspace.metadata_db).run(run_id)
        if run and run.output(PUSHER, "pushed_model"):
            summary = summarize(request.workspace, request.config, run_id)
            summary.write(request.workspace)
    except (Exception, KeyboardInterrupt) as error:  # why the run ended is what is to be told
        log_line(f"the summary of what was done was not written: {_first_line(error)}")


def _report(record: RunRecord, workspace: Workspace, console: Console) -> None:
    """Writes the end of the run to its record, and its report; an error in the report is not fatal."""
    record.write(workspace.reports / record.run_id)
    try:
        # In here: to import takes seconds, in which a run that has come to its end can be interrupted too.
        from pipeline.report.report import write_report
        from pipeline.store.metadata.lineage import Lineage

        run = Lineage(workspace.metadata_db).run(record.run_id)
        if run is None:  # it ended before its first node
            return
        with busy(console, "writing the report"):
            file = write_report(workspace, run)
    except (Exception, KeyboardInterrupt) as error:
        logging.getLogger(__name__).exception("the report was not written")
        why = "interrupted" if isinstance(error, KeyboardInterrupt) else _first_line(error)
        again = command("report", record.run_id, workspace=workspace.root)
        console.print(f"the report was not written: {why}; write it with: {again}", markup=False)
        return
    console.print(f"report: {near_path(str(file))}", markup=False, soft_wrap=True)


def _locate(request: RunRequest, console: Console):
    """Locates the data, and downloads it if it is neither given nor cached."""
    from components.movielens_example_gen.files import sources
    from components.movielens_example_gen.reading.read_errors import read_errors_told
    from pipeline.cli.terminal.download_bar import download_bar
    from pipeline.config.data_schema import DataSchema
    from pipeline.dag.data_source import DataSource

    data = request.config.data
    DataSchema.read(
        request.config.validate_.schema_name, data
    )  # a wrong path is said before anything is read
    with download_bar(console) as (report, progress), read_errors_told(request.config.data.path):
        located = sources.locate(request.config.data, request.workspace.cache / "data", report, progress)
        # TensorFlow's file systems, which take seconds to load: not before it is known that there is data.
        from components.movielens_example_gen.files.fingerprint import fingerprint
        from components.movielens_example_gen.spans import find_spans, name_of

        found = str(located.path.resolve())
        spans = find_spans(found, request.config.data)
        content = fingerprint(found, request.config.data, name_of(spans))
    read = f", spans {spans[0].number} to {spans[-1].number}" if spans else ""
    console.print(f"data: {located.origin}{read}", markup=False)
    if left_out := unlearned_context(request.config.ranking.model, request.config.data.description):
        console.print(f"context: {left_out}", markup=False, soft_wrap=True)
    return DataSource(found, located.origin, content, name_of(spans))


def _failed(failure, request: RunRequest, log: Path) -> MarqueeError:
    """Returns an error with the cause, the log, and the command that resumes from the failed node."""
    cause = failure.__cause__
    message = cause.message if isinstance(cause, MarqueeError) else _first_line(cause)
    hint = f"{cause.hint}\n" if isinstance(cause, MarqueeError) and cause.hint else ""
    # Without --from-node: what is done is reused by content, so mended data or code is noticed as well.
    message, hint = (_whole_keys(text, failure.node) for text in (message, hint))
    return MarqueeError(
        f"{failure.node} failed: {message}", f"{hint}log: {log}\nresume with: {request.again}"
    )


def _whole_keys(text: str, node: str) -> str:
    """Completes keys for `--set`: a trainer's message has `train.epochs` without the task."""
    task = next((task for task in ("ranking", "retrieval") if node.lower().startswith(task)), None)
    return re.sub(r"(?<![\w./-])(?=(?:train|model|tune)\.[a-z])", f"{task}.", text) if task else text


def _first_line(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__

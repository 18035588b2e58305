"""Sources of a report, by name; None for those that are missing, as failed runs have a report too."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.report.former_keys import by_role
from pipeline.store import node_files
from pipeline.store.data_words import recorded, words_of
from pipeline.store.duration import run_seconds
from pipeline.store.metadata.lineage import Artifact, Lineage, Run
from pipeline.store.next_span import next_span
from pipeline.store.node_files import json_file
from pipeline.store.ranking_metrics import slices_read
from pipeline.store.runs.record import FILE as RECORD
from pipeline.store.runs.rows import state
from pipeline.store.served import whose_numbers
from pipeline.store.summary import FILE as SUMMARY
from pipeline.store.workspace import Workspace
from serving.data_words import DataWords
from trainer.data.description import Description

TASKS = ("ranking", "retrieval")
JUDGED = (*TASKS, "recommender")


@dataclass(frozen=True, eq=False)
class Sources:
    """A run's artifacts as plain data.

    Args:
        run: the run with its nodes.
        folder: folder `reports/<run id>`.
        state: state of the run, as in `marquee runs`.
        previous: newest earlier run of the same pipeline whose models were all blessed.
    """

    run: Run
    folder: Path
    state: str = "done"
    previous: "Sources | None" = None

    @classmethod
    def of(cls, workspace: Workspace, run: Run) -> "Sources":
        """Builds the sources of a run, and finds the run to compare it with."""
        runs = Lineage(workspace.metadata_db).runs(run.pipeline)
        older = runs[next(place for place, each in enumerate(runs) if each.run_id == run.run_id) + 1 :]
        before = (cls(each, workspace.reports / each.run_id) for each in older)
        blessed = next((each for each in before if (each.summary or {}).get("blessed")), None)
        return cls(run, workspace.reports / run.run_id, state(workspace, run), blessed)

    @cached_property
    def record(self) -> dict[str, Any]:
        """Record of the run (`run.json`); empty for old runs without one."""
        return json_file(self.folder / RECORD) or {}

    @property
    def seconds(self) -> float:
        """Duration of the run in seconds."""
        return run_seconds(self.run, self.record, self.state)

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        return json_file(self.folder / SUMMARY)

    @cached_property
    def ingest(self) -> dict[str, Any] | None:
        return node_files.INGEST.read(self.run.nodes)

    @cached_property
    def description(self) -> Description:
        """Description of the data: its features, and its nouns."""
        return recorded(self.ingest)

    @cached_property
    def words(self) -> DataWords:
        """Words for the data, such as the noun of its items."""
        return words_of(self.description)

    @cached_property
    def findings(self) -> dict[str, Any] | None:
        return node_files.FINDINGS.read(self.run.nodes)

    @cached_property
    def test(self) -> dict[str, Any] | None:
        """Metrics on `test`: `report.json`."""
        return node_files.TEST.read(self.run.nodes)

    @cached_property
    def details(self) -> dict[str, Any]:
        return by_role(node_files.DETAILS.read(self.run.nodes) or {})

    @cached_property
    def slices(self) -> dict[str, Any] | None:
        """TFMA's metrics: see `components.ranking_evaluator.by_slice`."""
        return slices_read(node_files.RANKING_SLICES.read(self.run.nodes))

    @cached_property
    def lists(self) -> dict[str, Any] | None:
        """Metrics of the retrieval evaluator: its `metrics.json`."""
        return node_files.RETRIEVAL_METRICS.read(self.run.nodes)

    @cached_property
    def recommended(self) -> dict[str, Any] | None:
        """Metrics of the recommender evaluator: its `metrics.json`."""
        return node_files.RECOMMENDER_METRICS.read(self.run.nodes)

    @cached_property
    def next_span(self) -> dict[str, Any] | None:
        """Results on the next span by time: `temporal.json`."""
        return next_span(self.run.nodes)

    @cached_property
    def plots(self) -> dict[str, Any] | None:
        return node_files.RETRIEVAL_PLOTS.read(self.run.nodes)

    @cached_property
    def validation(self) -> dict[str, Any] | None:
        return node_files.VALIDATION.read(self.run.nodes)

    @cached_property
    def measured(self) -> str:
        """Sentence on which model the metrics belong to, if models were refit for serving; else ""."""
        return whose_numbers(self.run.nodes)

    def training(self, task: str) -> dict[str, Any] | None:
        return node_files.training(task).read(self.run.nodes)

    def trials(self, task: str) -> list[dict[str, Any]] | None:
        return node_files.trials(task).read(self.run.nodes)

    def statistics(self, split: str) -> Path | None:
        """Returns the file of TFDV's statistics of a split."""
        output = self.run.output("StatisticsGen", "statistics")
        file = output.path / f"Split-{split}" / "FeatureStats.pb" if output else None
        return file if file and file.exists() else None

    @cached_property
    def sample(self) -> dict[str, Any] | None:
        """Returns by split how many `rows` there are, and one of how many (`every`) the statistics are of."""
        return node_files.SAMPLE.read(self.run.nodes)

    def blessing(self, task: str) -> bool | None:
        """Returns whether a task's own evaluator blessed the model; None if it did not judge."""
        output = self.run.output(f"{task.capitalize()}Evaluator", "blessing")
        return None if output is None else output.properties.get("blessed") == 1

    def model(self, task: str) -> Artifact | None:
        """Returns the model that the run trained or assembled, or took from the cache."""
        maker = "RecommenderAssembler" if task == "recommender" else f"{task.capitalize()}Trainer"
        return self.run.output(maker, "model")

    def same_model_as_previous(self, task: str) -> bool:
        """Returns whether the model is that of `previous`, whose evaluator compared it with an older one."""
        ours, theirs = (each.model(task) if each else None for each in (self, self.previous))
        return bool(ours and theirs and ours.id == theirs.id)

    def other_baseline(self, task: str) -> str:
        """Returns the run of the task evaluator's baseline; empty if that is `previous`."""
        evaluator = self.run.nodes.get(f"{task.capitalize()}Evaluator")
        baseline = evaluator.taken.get("baseline_model") if evaluator else None
        theirs = self.previous.model(task) if self.previous else None
        if baseline is None or (theirs and theirs.id == baseline.id):
            return ""
        return baseline.made_in

    @property
    def same_data_as_previous(self) -> bool:
        """Returns whether both runs' test splits have the same rows, and so comparable metrics."""
        ours, theirs = (
            each.run.output("MovieLensExampleGen", "examples") if each else None
            for each in (self, self.previous)
        )
        return bool(ours and theirs and ours.uri == theirs.uri)

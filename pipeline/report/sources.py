"""What a run left, by name; None for what is not there: a run that failed has a report as well."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pipeline.store.duration import run_seconds
from pipeline.store.metadata.lineage import Artifact, Lineage, Run
from pipeline.store.next_span import next_span
from pipeline.store.ranking_metrics import FILE as SLICES
from pipeline.store.ranking_metrics import slices_read
from pipeline.store.runs.record import FILE
from pipeline.store.runs.rows import state
from pipeline.store.served import whose_numbers
from pipeline.store.workspace import Workspace

TASKS = ("ranking", "retrieval")
JUDGED = (*TASKS, "recommender")


@dataclass(frozen=True, eq=False)
class Sources:
    """A run's artifacts as plain data.

    Args:
        run: its nodes.
        folder: `reports/<run id>`.
        state: as `marquee runs` has it.
        previous: the newest run before it of the same pipeline whose models were all blessed.
    """

    run: Run
    folder: Path
    state: str = "done"
    previous: "Sources | None" = None

    @classmethod
    def of(cls, workspace: Workspace, run: Run) -> "Sources":
        """Finds what the run is to be compared with."""
        runs = Lineage(workspace.metadata_db).runs(run.pipeline)
        older = runs[next(place for place, each in enumerate(runs) if each.run_id == run.run_id) + 1 :]
        before = (cls(each, workspace.reports / each.run_id) for each in older)
        blessed = next((each for each in before if (each.summary or {}).get("blessed")), None)
        return cls(run, workspace.reports / run.run_id, state(workspace, run), blessed)

    @cached_property
    def record(self) -> dict[str, Any]:
        """`run.json`; empty for a run of before there was one."""
        return _read(self.folder / FILE) or {}

    @property
    def seconds(self) -> float:
        """How long the run took."""
        return run_seconds(self.run, self.record, self.state)

    @cached_property
    def summary(self) -> dict[str, Any] | None:
        return _read(self.folder / "summary.json")

    @cached_property
    def ingest(self) -> dict[str, Any] | None:
        return self._json("MovieLensExampleGen", "examples", "ingest.json")

    @cached_property
    def findings(self) -> dict[str, Any] | None:
        return self._json("ExampleValidator", "anomalies", "findings.json")

    @cached_property
    def test(self) -> dict[str, Any] | None:
        """What was measured on `test`: `report.json`."""
        return self._json("RunReport", "report", "report.json")

    @cached_property
    def details(self) -> dict[str, Any]:
        return self._json("RunReport", "report", "details.json") or {}

    @cached_property
    def slices(self) -> dict[str, Any] | None:
        """TFMA's metrics: see `components.ranking_evaluator.by_slice`."""
        return slices_read(self._json("RankingEvaluator", "evaluation", SLICES))

    @cached_property
    def lists(self) -> dict[str, Any] | None:
        """The retrieval evaluator's `metrics.json`."""
        return self._json("RetrievalEvaluator", "evaluation", "metrics.json")

    @cached_property
    def recommended(self) -> dict[str, Any] | None:
        """The recommender evaluator's `metrics.json`."""
        return self._json("RecommenderEvaluator", "evaluation", "metrics.json")

    @cached_property
    def next_span(self) -> dict[str, Any] | None:
        """What was found on the next span by time: `temporal.json`."""
        return next_span(self.run.nodes)

    @cached_property
    def plots(self) -> dict[str, Any] | None:
        return self._json("RetrievalEvaluator", "evaluation", "plots.json")

    @cached_property
    def validation(self) -> dict[str, Any] | None:
        return self._json("ServingValidator", "blessing", "validation.json")

    @cached_property
    def measured(self) -> str:
        """What the measures are measures of, where models were refit for serving; else ""."""
        return whose_numbers(self.run.nodes)

    def training(self, task: str) -> dict[str, Any] | None:
        return self._json(f"{task.capitalize()}Trainer", "model_run", "training.json")

    def trials(self, task: str) -> list[dict[str, Any]] | None:
        return self._json(f"{task.capitalize()}Tuner", "tuner_results", "trials.json")

    def statistics(self, split: str) -> Path | None:
        """TFDV's statistics of a split."""
        output = self.run.output("StatisticsGen", "statistics")
        file = output.path / f"Split-{split}" / "FeatureStats.pb" if output else None
        return file if file and file.exists() else None

    def blessing(self, task: str) -> bool | None:
        """What a task's own evaluator said; None where it said nothing."""
        output = self.run.output(f"{task.capitalize()}Evaluator", "blessing")
        return None if output is None else output.properties.get("blessed") == 1

    def model(self, task: str) -> Artifact | None:
        """The model that the run trained or assembled, or took from the cache."""
        maker = "RecommenderAssembler" if task == "recommender" else f"{task.capitalize()}Trainer"
        return self.run.output(maker, "model")

    def same_model_as_previous(self, task: str) -> bool:
        """Whether the model is `previous`'s own: its evaluator compared it with one of before that."""
        ours, theirs = (each.model(task) if each else None for each in (self, self.previous))
        return bool(ours and theirs and ours.id == theirs.id)

    def other_baseline(self, task: str) -> str:
        """The run whose model the task's evaluator compared with; empty where that is `previous`."""
        evaluator = self.run.nodes.get(f"{task.capitalize()}Evaluator")
        baseline = evaluator.taken.get("baseline_model") if evaluator else None
        theirs = self.previous.model(task) if self.previous else None
        if baseline is None or (theirs and theirs.id == baseline.id):
            return ""
        return baseline.made_in

    @property
    def same_data_as_previous(self) -> bool:
        """Whether both tests are the same rows, so that their numbers can be compared."""
        ours, theirs = (
            each.run.output("MovieLensExampleGen", "examples") if each else None
            for each in (self, self.previous)
        )
        return bool(ours and theirs and ours.uri == theirs.uri)

    def _json(self, node: str, key: str, file: str) -> Any:
        output = self.run.output(node, key)
        return _read(output.path / file) if output else None


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # not there, or a process or a disk failed while it was written
        return None

"""Section that compares the run with the last one whose models were all blessed: metrics and changes."""

from collections.abc import Iterator
from typing import Any

from pipeline.report.blocks import Block, Cell, Note, Notes, Part, Section, Table
from pipeline.report.sources import JUDGED, Sources
from pipeline.report.words import NOTHING, number, short, signed
from pipeline.store.measures import SURE, better, judged
from pipeline.store.ranking_metrics import ranking_metrics

#: Metrics of the lists on eval; the evaluator measures both models on the same users.
LISTED = (
    "ndcg@10", "recall@10", "recall@100", "under_mean@10",
    "coverage@10", "novelty@10", "mean_popularity@10", "gini@10",
)  # fmt: skip
RATED = ("rmse", "mae", "log_loss", "auc", "rated_ndcg@10")


def comparison(sources: Sources) -> Section:
    """Returns the section; empty if there is no run to compare with."""
    before = sources.previous
    if before is None:
        note = Note("No earlier run of this pipeline was blessed: there is nothing to compare with.", "muted")
        return Section("comparison", "Comparison with the last blessed run", "", [Part("", [Notes([note])])])
    parts = [
        Part("Measures", _measured(sources, before)),
        Part("Changes", [_changes(sources, before)]),
    ]
    lead = f"The baseline is run {before.run.run_id}, the newest earlier run whose models were all blessed."
    return Section("comparison", "Comparison with the last blessed run", lead, parts)


def _measured(sources: Sources, before: Sources) -> list[Block]:
    blocks: list[Block] = []
    rows = [
        *_ranking_on_eval(sources),
        *_lists_on_eval(sources, "retrieval", sources.lists),
        *_lists_on_eval(sources, "recommender", sources.recommended),
        *_on_test(sources, before),
    ]
    if rows:
        blocks.append(
            Table(
                "Measures of both runs",
                ("measure", "split", "last blessed run", "this run", "change", "verdict"),
                rows,
                frozenset({2, 3, 4}),
            )
        )
    for task in JUDGED:
        if sources.same_model_as_previous(task):
            text = f"The {task} model is the one of run {before.run.run_id}: nothing to compare on eval."
            blocks.append(Notes([Note(text, "muted")]))
    if not sources.same_data_as_previous:
        blocks.append(
            Notes([Note("The data or its split has changed: results on test are not compared.", "warn")])
        )
    return blocks


def _ranking_on_eval(sources: Sources) -> Iterator[list]:
    models = ranking_metrics(sources.slices)
    if "baseline" in models and not sources.same_model_as_previous("ranking"):
        split = _split(sources, "ranking")
        for name in RATED:
            if name not in models["candidate"]:
                continue
            before, now = models["baseline"].get(name), models["candidate"].get(name)
            yield _row(f"ranking {name}", split, before, now, name)


def _lists_on_eval(sources: Sources, task: str, lists: dict[str, Any] | None) -> Iterator[list]:
    if lists and lists["baseline"] and not sources.same_model_as_previous(task):
        split = _split(sources, task)
        changes = lists["change"].get("baseline", {})
        for name in [name for name in LISTED if name in lists["candidate"]]:
            error = changes.get(name, {}).get("standard_error")
            yield _row(
                f"{task} {name}", split, lists["baseline"][name], lists["candidate"][name], name, error
            )


def _split(sources: Sources, task: str) -> str:
    """Returns `eval`, with the run of the evaluator's baseline if the section compares with another run."""
    run_id = sources.other_baseline(task)
    return f"eval, against run {run_id}" if run_id else "eval"


def _on_test(sources: Sources, before: Sources) -> Iterator[list]:
    if not (sources.test and before.test and sources.same_data_as_previous):
        return
    for model, names in (
        ("test", ("rmse", "mae", "log_loss", "auc")),
        ("retrieval", ("recall@100",)),
        ("recommender", ("ndcg@10", "recall@10")),
    ):
        ours, theirs = sources.test.get(model), before.test.get(model)
        if ours and theirs:
            label = "ranking" if model == "test" else model
            for name in names:
                if name in ours:
                    yield _row(f"{label} {name}", "test", theirs.get(name), ours[name], name)


def _row(
    label: str, split: str, before: float | None, now: float | None, name: str, error: float | None = None
) -> list:
    if before is None or now is None:
        return [label, split, number(before), number(now), NOTHING, NOTHING]
    change = now - before
    if round(change, 4) == 0:
        return [label, split, number(before), number(now), signed(change), Cell("unchanged", "muted")]
    if not judged(name):  # effects on the catalogue are for the operator of the service to judge
        words = Cell("higher" if change > 0 else "lower", "muted")
    elif error and abs(change) < SURE * error:
        words = Cell(f"within noise (± {SURE * error:.4f})", "muted")
    else:
        words = Cell("better", "good") if better(name, before, now) else Cell("worse", "bad")
    return [label, split, number(before), number(now), signed(change), words]


def _changes(sources: Sources, before: Sources) -> Block:
    ours, theirs = _described(sources), _described(before)
    rows: list[list[str | Cell]] = [
        [Cell(key, code=True), short(theirs.get(key)), short(ours.get(key))]
        for key in sorted({*ours, *theirs})
        if ours.get(key) != theirs.get(key)
    ]
    if not before.record:
        return Notes([Note("The configuration of the other run was not recorded.", "muted")])
    if not rows:
        return Notes([Note("No changes: configuration, code, versions and data are the same.", "muted")])
    return Table("Differences between the runs", ("property", "last blessed run", "this run"), rows)


def _described(sources: Sources) -> dict[str, Any]:
    """Returns everything that could make a difference, by dotted path."""
    record = sources.record
    ingest = sources.ingest or {}
    return {
        **dict(flat(record.get("config", {}))),
        **{f"version of {name}": version for name, version in record.get("versions", {}).items()},
        "git revision": (record.get("git") or {}).get("revision"),
        **{f"rows of {split}": rows for split, rows in ingest.get("rows", {}).items()},
    }


def flat(config: dict[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yields the dotted paths and values of a configuration."""
    for key, value in config.items():
        where = f"{path}.{key}" if path else key
        if isinstance(value, dict) and value:
            yield from flat(value, where)
        else:
            yield where, value

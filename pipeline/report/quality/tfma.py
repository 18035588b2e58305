"""Table of TFMA's metrics on eval, one row per slice."""

from collections.abc import Iterator
from typing import Any

from pipeline.report.blocks import Cell, Table, Tone
from pipeline.report.names import group
from pipeline.report.words import number, plural, signed
from pipeline.store.data_words import words_of
from pipeline.store.ranking_metrics import RATED_NDCG, WHOLE
from trainer.data.description import Description


def tfma_table(slices: dict[str, Any], baseline: str, description: Description) -> Table:
    """Returns the metrics of the candidate and, if there was one, of the baseline, named by `baseline`."""
    rows, words = list(_rows(slices, description)), words_of(description)
    compared = any("baseline" in models for values in slices.values() for models in values.values())
    columns = ["group", words.ratings, "RMSE", "MAE", "calibration", f"nDCG@10 of rated {words.items}"]
    columns += [f"RMSE of {baseline}", "change"] if compared else []
    table = Table(
        f"TFMA's evaluation on eval, {plural(len(rows), 'group')}",
        columns,
        [row[: len(columns)] for row in rows],
        frozenset(range(1, len(columns))),
    )
    return table


def _rows(slices: dict[str, Any], description: Description) -> Iterator[list[str | Cell]]:
    for feature, values in slices.items():
        for value, models in sorted(values.items()):
            ours, before = models.get("candidate", {}), models.get("baseline", {})
            change = (
                ours["rmse"] - before["rmse"]
                if ours.get("rmse") is not None and before.get("rmse") is not None
                else None
            )
            tone: Tone = "" if change is None or round(change, 4) == 0 else "good" if change < 0 else "bad"
            count = ours.get("example_count")
            yield [
                "all of eval" if feature == WHOLE else group(feature, value, description),
                number(None if count is None else int(count)),
                number(ours.get("rmse")),
                number(ours.get("mae")),
                number(ours.get("calibration"), 3),
                number(ours.get(RATED_NDCG)),
                number(before.get("rmse")),
                Cell(signed(change), tone),
            ]

"""Table of TFMA's metrics on eval, one row per slice."""

from collections.abc import Iterator
from typing import Any

from pipeline.report.blocks import Cell, Table, Tone
from pipeline.report.names import group
from pipeline.report.words import number, plural, signed
from pipeline.store.data_words import words_of
from pipeline.store.judged_by import CHANCES, JudgedBy, judged_by
from pipeline.store.ranking_metrics import RATED_NDCG, WHOLE, ranking_metrics
from trainer.data.description import Description


def tfma_table(slices: dict[str, Any], baseline: str, description: Description) -> Table:
    """Returns the metrics of the candidate and, if there was one, of the baseline, named by `baseline`."""
    by, words = judged_by(ranking_metrics(slices).get("candidate", {})), words_of(description)
    rows = list(_rows(slices, by, description))
    compared = any("baseline" in models for values in slices.values() for models in values.values())
    ordered = (
        f"nDCG@10 of {words.items} and negatives" if by is CHANCES else f"nDCG@10 of rated {words.items}"
    )
    count = "rows" if by is CHANCES else words.ratings
    columns = ["group", count, by.error_title, by.second_title, "calibration", ordered]
    columns += [f"{by.error_title} of {baseline}", "change"] if compared else []
    table = Table(
        f"TFMA's evaluation on eval, {plural(len(rows), 'group')}",
        columns,
        [row[: len(columns)] for row in rows],
        frozenset(range(1, len(columns))),
    )
    return table


def _rows(slices: dict[str, Any], by: JudgedBy, description: Description) -> Iterator[list[str | Cell]]:
    for feature, values in slices.items():
        for value, models in sorted(values.items()):
            ours, before = models.get("candidate", {}), models.get("baseline", {})
            change = (
                ours[by.error] - before[by.error]
                if ours.get(by.error) is not None and before.get(by.error) is not None
                else None
            )
            tone: Tone = "" if change is None or round(change, 4) == 0 else "good" if change < 0 else "bad"
            count = ours.get("example_count")
            yield [
                "all of eval" if feature == WHOLE else group(feature, value, description),
                number(None if count is None else int(count)),
                number(ours.get(by.error)),
                number(ours.get(by.second)),
                number(ours.get("calibration"), 3),
                number(ours.get(RATED_NDCG)),
                number(before.get(by.error)),
                Cell(signed(change), tone),
            ]

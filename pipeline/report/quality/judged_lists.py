"""Part on the recommender evaluator's metrics of the lists that users would be shown."""

from typing import Any

from pipeline.report.blocks import Part, Table
from pipeline.report.charts import MODELS
from pipeline.report.words import number, share


def judged_lists(metrics: dict[str, Any]) -> Part:
    """Returns the part for the evaluator's `metrics.json`."""
    models = [name for name in ("candidate", "baseline", "popularity") if metrics[name]]
    errors = metrics["standard_errors"]
    table = Table(
        "Top 10 recommended to each user, on eval, with standard errors",
        ("measure", *(MODELS[name] for name in models)),
        [
            [words, *(_with_error(metrics[name][measure], errors[name].get(measure)) for name in models)]
            for measure, words in (
                ("ndcg@10", "nDCG@10"),
                ("recall@10", "recall@10"),
                ("under_mean@10", "rated below the user's mean"),
                ("coverage@10", "catalogue coverage"),
            )
        ],
        frozenset(range(1, 1 + len(models))),
    )
    chosen = metrics["eval"].get("under_mean")
    lead = f"{metrics['eval']['users']:,} users; items rated in train are not recommended. "
    if chosen is not None:
        lead += (
            f"Rated below the user's mean: of the recommended items that the user rated in eval, those under "
            f"the user's mean in train; for all items rated in eval it is {share(chosen)}."
        )
    return Part("Recommender on eval", [table], lead)


def _with_error(value: float | None, error: float | None) -> str:
    return number(value) if error is None else f"{number(value)} ± {number(error)}"

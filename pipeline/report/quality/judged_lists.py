"""Part on the recommender evaluator's metrics of the lists that users would be shown."""

from typing import Any

from pipeline.report.blocks import Part, Table
from pipeline.report.charts import MODELS
from pipeline.report.words import number, plural, share
from serving.data_words import DataWords


def judged_users(metrics: dict[str, Any], words: DataWords) -> str:
    """Returns how many users were judged, and of how many they are a sample, in words."""
    found = metrics["eval"]
    users = plural(found["users"], words.user, words.users)
    if found.get("of_users", 0) <= found["users"]:
        return users
    return f"{users}, a sample of {found['of_users']:,} (judged_users)"


def judged_lists(metrics: dict[str, Any], words: DataWords) -> Part:
    """Returns the part for the evaluator's `metrics.json`."""
    models = [name for name in ("candidate", "baseline", "popularity") if metrics[name]]
    errors = metrics["standard_errors"]
    table = Table(
        f"Top 10 recommended to each {words.user}, on eval, with standard errors",
        ("measure", *(MODELS[name] for name in models)),
        [
            [label, *(_with_error(metrics[name][measure], errors[name].get(measure)) for name in models)]
            for measure, label in (
                ("ndcg@10", "nDCG@10"),
                ("recall@10", "recall@10"),
                ("under_mean@10", f"{words.value} below the {words.user}'s mean"),
                ("coverage@10", "catalogue coverage"),
            )
            if measure in metrics["candidate"]
        ],
        frozenset(range(1, 1 + len(models))),
    )
    chosen = metrics["eval"].get("under_mean")
    lead = (
        f"{judged_users(metrics, words)}; {words.items} of their {words.ratings} in train are not "
        "recommended. "
    )
    if chosen is not None:
        lead += (
            f"{words.value.capitalize()} below the {words.user}'s mean: of the recommended {words.items} "
            f"that are among the {words.user}'s {words.ratings} in eval, those under the {words.user}'s mean "
            f"in train; of all {words.ratings} in eval it is {share(chosen)}."
        )
    return Part("Recommender on eval", [table], lead)


def _with_error(value: float | None, error: float | None) -> str:
    return number(value) if error is None else f"{number(value)} ± {number(error)}"

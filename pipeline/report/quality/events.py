"""Part on the chances of types of events, such as view, cart and purchase."""

from collections.abc import Mapping
from typing import Any

from pipeline.report.blocks import Fact, Facts, Part, Table
from pipeline.report.words import number


def of_types(events: Mapping[str, Mapping[str, Any]], test: Mapping[str, Any]) -> Part:
    """Returns the part: the quality of each type's chances on test, and of the order by their worth.

    Args:
        events: by type, `events`, their number, `auc`, `log_loss`, and `share_log_loss`, that of their share.
        test: the measures of the ranking model on test.
    """
    ordered = Fact(
        "nDCG@10 by worth, each interaction counting its weight",
        number(test["worth_ndcg@10"]),
        f"ordered by the chance of any interaction: {number(test['chance_worth_ndcg@10'])}",
    )
    table = Table(
        "Chances by type of event, on test",
        ("type", "events", "AUC", "log loss", "log loss of their share"),
        [
            [
                event,
                number(found["events"]),
                number(found["auc"]),
                number(found["log_loss"]),
                number(found["share_log_loss"]),
            ]
            for event, found in events.items()
        ],
        frozenset({1, 2, 3, 4}),
    )
    return Part(
        "By type of event, on test",
        [Facts([ordered]), table],
        "A row is an event of its own type alone; all other rows, interactions or not, are negatives.",
    )

"""Bars for the metrics of a model's lists."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from components.bars import CHANGES, LIMITS, Baseline, Limit, Verdict, verdicts
from marquee.errors import ConfigError
from trainer.evaluation.measures import CATALOGUE_MEASURES


@dataclass(frozen=True)
class Bars:
    """The limits of a model's metrics.

    Attributes:
        limits: by metric, `min`, `max`, and `max_increase` or `max_decrease` from the last blessed model.
        over_popularity: by metric, the least ratio to the value of the popularity baseline.
    """

    limits: Mapping[str, Mapping[str, Limit]]
    over_popularity: Mapping[str, float]

    @classmethod
    def parse(
        cls, limits: str, over_popularity: str, measures: Sequence[str], of_candidate: Sequence[str] = ()
    ) -> "Bars":
        """Parses JSON objects; a limit of null is not set.

        Args:
            limits, over_popularity: the attributes as JSON.
            measures: the metrics of every model.
            of_candidate: the metrics of the candidate alone, whose change cannot be limited.

        Raises:
            ConfigError: a measure or a limit that does not exist, or standard errors of what is no mean over
                users.
        """
        given = {
            measure: {limit: value for limit, value in bar.items() if value is not None}
            for measure, bar in json.loads(limits).items()
        }
        ratios = json.loads(over_popularity)
        for measure, bar in given.items():
            _known(measure, (*measures, *of_candidate), "bars")
            for limit, value in bar.items():
                _known(limit, LIMITS, f"bars.{measure}")
                if measure in CATALOGUE_MEASURES and isinstance(value, Mapping):
                    raise ConfigError(
                        f"bars.{measure}.{limit}: {measure} is no mean over users and has no standard error.",
                        "Give a number.",
                    )
                if measure in of_candidate and limit in CHANGES:
                    raise ConfigError(
                        f"bars.{measure}.{limit}: the search of the last blessed model is not measured.",
                        "Give min or max.",
                    )
        for measure in ratios:
            _known(measure, measures, "over_popularity")
        return cls(given, ratios)

    def verdicts(
        self,
        candidate: Mapping[str, float],
        popularity: Mapping[str, float],
        baseline: Baseline | None,
    ) -> list[Verdict]:
        """Returns one verdict per limit.

        Args:
            candidate: the candidate's values by metric, including those of the search.
            popularity: the values of the popularity baseline.
            baseline: the last blessed model, if there is one.
        """
        return [
            *(
                verdict
                for measure, bar in self.limits.items()
                for verdict in verdicts(measure, bar, candidate[measure], baseline)
            ),
            *(
                _over_popularity(measure, least, candidate[measure], popularity[measure])
                for measure, least in self.over_popularity.items()
            ),
        ]


def _over_popularity(name: str, least: float, value: float, popularity: float) -> Verdict:
    passed = value >= least * popularity
    times = f"{value / popularity:.2f} times" if popularity else "compared with"
    word = "within" if passed else "under"
    return Verdict(
        name,
        passed,
        f"{name} {value:.4f} is {times} the popularity baseline's {popularity:.4f}, "
        f"{word} the bar of {least:g} times",
    )


def _known(name: str, names: Sequence[str], where: str) -> None:
    if name not in names:
        raise ConfigError(f"{where}: there is no {name!r}.", f"There are: {', '.join(names)}.")

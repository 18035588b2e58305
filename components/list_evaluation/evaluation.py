"""The metrics of all models and the verdicts for the blessing: `metrics.json`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from components.bars import NO_BARS, Baseline, Overlap, Verdict
from components.list_evaluation.bars import Bars
from trainer.evaluation.quality import Quality

NO_CHANCE = "; both are made of the same trained models, so nothing is put down to chance"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The metrics of the candidate and its baselines.

    Attributes:
        qualities: the quality of `candidate`, `popularity`, and maybe `baseline`, over the same users.
        search: the result of `search_quality`; empty if no search is evaluated.
        bars: the limits of the candidate's metrics.
        overlap: the share of the held-out split that the baseline was trained on (`components.baseline`).
        same_models: whether candidate and baseline are made of the very same trained models. Then no
            training's chance is in their difference, and limits in standard errors allow for none (what
            `at_least` says still passes): a change of settings has to be worth what it replaces.
    """

    qualities: Mapping[str, Quality]
    search: Mapping[str, float]
    bars: Bars
    overlap: Overlap | None = None
    same_models: bool = False

    @cached_property
    def means(self) -> dict[str, dict[str, float]]:
        """Returns the values by model and metric."""
        return {name: quality.means() for name, quality in self.qualities.items()}

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """Returns one verdict per limit."""
        candidate = {**self.means["candidate"], **self.search}
        found = self.bars.verdicts(candidate, self.means["popularity"], self._baseline())
        if not self.same_models:
            return found
        return [each if each.passed else replace(each, sentence=each.sentence + NO_CHANCE) for each in found]

    def _baseline(self) -> Baseline | None:
        before = self.qualities.get("baseline")
        if before is None:
            return None
        changes = self.qualities["candidate"].change(before)
        errors = {
            name: 0.0 if self.same_models else change["standard_error"] for name, change in changes.items()
        }
        return Baseline(self.means["baseline"], errors, self.overlap)

    @property
    def blessed(self) -> bool:
        """Tells whether there is a bar and every bar was met."""
        return bool(self.verdicts) and all(verdict.passed for verdict in self.verdicts)

    def metrics(self) -> dict[str, Any]:
        """Returns the content of `metrics.json`; NaN for what could not be measured.

        `candidate`, `popularity`, `baseline` (null where there is none): value by measure.
        `standard_errors`: the same for the means over users.
        `change`: mean and standard error of the users' changes, candidate less popularity and baseline.
        `overlap`: `share` of the `rows` of eval that the baseline was trained on; null where not known.
        `slices`: feature to value to `users` and, by model, the means over those users.
        `search`: index recall and latency of the exported model.
        `bars`: measure, passed, compared and sentence of each; `blessed`; `reasons`: the sentences alone.
        `eval`: whom it was measured with.
        """
        candidate = self.qualities["candidate"]
        others = {name: quality for name, quality in self.qualities.items() if name != "candidate"}
        return {
            **{name: self.means.get(name) for name in ("candidate", "popularity", "baseline")},
            "standard_errors": {name: each.standard_errors() for name, each in self.qualities.items()},
            "change": {name: candidate.change(other) for name, other in others.items()},
            "overlap": asdict(self.overlap) if self.overlap else None,
            "slices": self._slices(),
            "search": dict(self.search),
            "bars": [asdict(verdict) for verdict in self.verdicts],
            "blessed": self.blessed,
            "reasons": [verdict.sentence for verdict in self.verdicts] or [NO_BARS],
            "eval": self._eval(),
        }

    def _slices(self) -> dict[str, dict[str, dict[str, Any]]]:
        return {
            feature: {
                value: {
                    "users": len(places),
                    **{name: quality.within(places) for name, quality in self.qualities.items()},
                }
                for value, places in values.items()
            }
            for feature, values in self.qualities["candidate"].held_out.groups().items()
        }

    def _eval(self) -> dict[str, float]:
        held_out = self.qualities["candidate"].held_out
        positives = held_out.positives.values
        return {
            "users": len(held_out.users),
            "of_users": len(held_out.users) + held_out.left_out,
            "positives": len(positives),
            "positives_unknown_to_train": int((positives == 0).sum()),
            "positives_of_strangers": held_out.strangers,
            "positives_mean_popularity": held_out.chosen_popularity(),
        }

"""The chances of types of events on a split with sampled negatives: log loss and AUC of each type.

TFMA judges one output of a model, the chance of an interaction. These measures are over the same rows: an
interaction has the label 1 for its own type, and 0 for the others, as a negative has for all.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from components.ranking_evaluator.paired import K, Paired, ndcg
from marquee.progress import report
from trainer.data.description import Description, Events
from trainer.data.examples import with_serialized
from trainer.data.features import EVENT, USER_ID
from trainer.data.implicit.events import WORTH
from trainer.data.pairs.pair_hash import column_hashes
from trainer.evaluation.metrics.chances import area_under_curve, log_losses
from trainer.export.ranking import EVENT_EXAMPLES
from trainer.export.saved_model import SavedModel

BATCH = 1 << 13


@dataclass(frozen=True, eq=False)
class EventRows:
    """What is known of each row.

    Attributes:
        events: the types.
        user: the number of each row's user, from 0, int32.
        code: the place of each row's type plus one, 0 for a sampled negative, int32.
        answers: by the name of a model, its chance of each type and its `worth`, float64 by output.
    """

    events: Events
    user: np.ndarray
    code: np.ndarray
    answers: Mapping[str, Mapping[str, np.ndarray]]

    @classmethod
    def read(
        cls, models: Mapping[str, str], patterns: Sequence[str], description: Description
    ) -> "EventRows | None":
        """Calls `event_examples` of each model that has it on every row of the files.

        Args:
            models: the folder of each model's SavedModel, by name.
            patterns: glob patterns of the files of tf.Examples, from `SampledNegatives`.
            description: of the data.

        Returns:
            the rows; None where the data have no types of events, or no model answers all of these.
        """
        events = description.events
        if events is None:
            return None
        outputs = (*events.outputs.values(), WORTH)
        with contextlib.ExitStack() as open_models:
            loaded = {name: open_models.enter_context(SavedModel(path)) for name, path in models.items()}
            asked = {name: model for name, model in loaded.items() if model.has(EVENT_EXAMPLES)}
            users: list[np.ndarray] = [np.empty(0, np.uint64)]
            codes: list[np.ndarray] = [np.empty(0, np.int32)]
            found: dict[str, list[Mapping[str, np.ndarray]]] = {name: [] for name in asked}
            if not asked:
                return None
            report("asking for the chance of each type of event")
            places = {event.encode(): place for place, event in enumerate(events.types, start=1)}
            batches = with_serialized(patterns, (USER_ID, EVENT), BATCH, description)
            for serialized, raw in batches.as_numpy_iterator():
                users.append(column_hashes(raw[USER_ID]))
                codes.append(np.array([places.get(event, 0) for event in raw[EVENT]], np.int32))
                for name, model in asked.items():
                    found[name].append(model.ask(EVENT_EXAMPLES, examples=serialized))
        # A baseline of other types of events is not compared.
        answers = {
            name: {
                output: np.concatenate([batch[output].reshape(-1) for batch in batches]).astype(np.float64)
                for output in outputs
            }
            for name, batches in found.items()
            if batches and all(output in batches[0] for output in outputs)
        }
        if not answers:
            return None
        numbers = np.unique(np.concatenate(users), return_inverse=True)[1].astype(np.int32)
        return cls(events, numbers, np.concatenate(codes), answers)

    @property
    def models(self) -> tuple[str, ...]:
        """Returns the names of the models that answered."""
        return tuple(self.answers)

    def measures(self, model: str) -> dict[str, float | None]:
        """Returns `log_loss_of_view`, `auc_of_view` … of a model; an AUC is None where labels are equal."""
        found: dict[str, float | None] = {}
        for event, labels, chances in self._by_event(model):
            found[self.events.measure("log_loss", event)] = float(log_losses(labels, chances).mean())
            area = area_under_curve(labels, chances)
            found[self.events.measure("auc", event)] = None if np.isnan(area) else area
        return found

    def standard_errors(self, candidate: str, baseline: str) -> dict[str, float]:
        """Returns the standard errors of candidate minus baseline, by measure; {} if one did not answer."""
        if candidate not in self.answers or baseline not in self.answers:
            return {}
        found: dict[str, float] = {}
        both = zip(self._by_event(candidate), self._by_event(baseline), strict=True)
        for (event, labels, new), (_, _, old) in both:
            errors = Paired(self.user, np.empty(0, np.uint64), labels, new, old).standard_errors(chances=True)
            found |= {self.events.measure(name, event): errors[name] for name in ("log_loss", "auc")}
        return found

    def worth_ndcg(self, by: np.ndarray) -> float:
        """Returns the users' mean nDCG@10 of the order of `by`, where each event gains its weight."""
        gains = np.array([0.0, *self.events.shares])[self.code]
        return float(ndcg(self.user, gains, by, K).mean())

    def _by_event(self, model: str) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """Returns each type, its labels and its chances."""
        outputs = self.events.outputs.items()
        return [
            (event, (self.code == place).astype(np.float64), self.answers[model][output])
            for place, (event, output) in enumerate(outputs, start=1)
        ]

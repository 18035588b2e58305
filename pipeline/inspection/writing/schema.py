"""The schema that TFDV infers from rows as a run reads them, with domains and ranges for review."""

import math
from collections import Counter
from itertools import islice
from typing import Any

from pipeline.config.described_schema import add_event
from pipeline.inspection.proposal import Proposal
from pipeline.inspection.writing.rows import Row, rows_as_read, values

ROWS = 100_000
#: Categories with more words have no domain: new words are nothing unusual there.
MOST_WORDS = 50
_HEAD = """\
# Inferred by TensorFlow Data Validation from {rows:,} rows of {path}, and widened where new data may differ.
# A run stops at data that breaks it: read what it allows.
"""


def inferred_schema(proposal: Proposal) -> str:
    """Returns the schema in protobuf's text format.

    Args:
        proposal: what was found.
    """
    from google.protobuf import text_format

    rows = list(islice(rows_as_read(proposal), ROWS))
    schema = _Inference(proposal, rows).schema()
    head = _HEAD.format(rows=len(rows), path=proposal.path)
    return head + text_format.MessageToString(schema, as_utf8=True)


class _Inference:
    """TFDV's inference, and what it cannot know."""

    def __init__(self, proposal: Proposal, rows: list[Row]):
        self._proposal = proposal
        self._rows = rows
        self._names = proposal.described.description.names
        self._types = {
            feature.name or key: feature.type
            for key, (_, feature) in proposal.described.description.features().items()
            if feature.of is None
        }

    def schema(self):
        inferred = self._inferred()
        for feature in inferred.feature:
            kind = self._types.get(feature.name)
            for field in ("shape", "value_count"):
                feature.ClearField(field)
            if kind is None:
                feature.presence.min_fraction, feature.presence.min_count = 1.0, 1
                feature.shape.SetInParent()
                feature.ClearField("int_domain")  # ids that are numbers so far need not be tomorrow
            else:
                self._loosen(feature, kind)
        self._roles({feature.name: feature for feature in inferred.feature})
        if events := self._proposal.described.description.events:
            add_event(inferred, events)
        self._domains(inferred)
        return inferred

    def _inferred(self):
        """Runs TFDV on the rows."""
        import pyarrow as pa
        import tfx  # noqa: F401 - it stands in for a module that tensorflow_data_validation still imports

        import tensorflow_data_validation as tfdv  # isort: skip
        from tensorflow_data_validation.statistics import stats_impl  # isort: skip

        events = self._proposal.described.description.events  # whose domain is known
        inferred = [name for name in self._rows[0] if not events or name != events.name]
        batch = pa.RecordBatch.from_pydict({name: self._column(name) for name in inferred})
        options = tfdv.StatsOptions(num_top_values=2, num_rank_histogram_buckets=2)
        statistics = stats_impl.generate_statistics_in_memory(batch, options)
        return tfdv.infer_schema(statistics, infer_feature_shape=False, max_string_domain_size=0)

    def _column(self, name: str):
        import pyarrow as pa

        numbers = {"number": pa.float32(), "vector": pa.float32(), "time": pa.int64()}
        types = {self._names.time: pa.int64(), self._names.rating: pa.float32()}
        type = types.get(name) or numbers.get(self._types.get(name, ""), pa.string())
        return pa.array([row[name] or None for row in self._rows], pa.list_(type))

    def _loosen(self, feature: Any, kind: str) -> None:
        """Lets as many rows again be without a value as are now, and bounds how many values a row has."""
        lengths = Counter(len(row[feature.name]) for row in self._rows)
        present = 1 - lengths[0] / len(self._rows)
        feature.presence.min_fraction = _rounded_down(max(0.0, 1 - max(0.1, 2 * (1 - present))))
        feature.presence.min_count = 1
        if kind == "categories":
            feature.value_count.min, feature.value_count.max = 0, _rounded_up(2 * max(lengths))
        else:
            feature.value_count.min = feature.value_count.max = max(lengths)
        if kind == "number":
            numbers = [row[feature.name][0] for row in self._rows if row[feature.name]]
            low, high = min(numbers), max(numbers)
            feature.float_domain.min = 0.0 if low >= 0 else -float(_rounded_up(-10 * low))
            # Ten times the greatest: a price in cents where the others are in euros is found.
            feature.float_domain.max = float(_rounded_up(10 * max(high, abs(low))))
            feature.float_domain.disallow_nan = feature.float_domain.disallow_inf = True

    def _roles(self, features: dict[str, Any]) -> None:
        features[self._names.time].int_domain.min = 0
        worth = features[self._names.rating]
        rating, domain = self._proposal.described.interactions.rating, worth.float_domain
        domain.disallow_nan = domain.disallow_inf = True
        domain.min = 0.0
        if rating and rating.min is not None and rating.max is not None:
            domain.min, domain.max = rating.min, rating.max
            worth.drift_comparator.jensen_shannon_divergence.threshold = 0.05

    def _domains(self, schema: Any) -> None:
        """Names the words of categories that have few: a new one stops a run until somebody accepts it."""
        for feature in schema.feature:
            if self._types.get(feature.name) not in ("category", "categories"):
                continue
            words = {word for row in self._rows for word in row[feature.name]} | self._described(feature.name)
            if len(words) > MOST_WORDS or not self._whole():
                continue
            schema.string_domain.add(name=feature.name, value=sorted(words))
            feature.domain = feature.name
            feature.drift_comparator.infinity_norm.threshold = 0.05

    def _described(self, name: str) -> set[str]:
        """Returns the words of a feature in the file that it is from: also of items that nobody touched."""
        for part in (self._proposal.items, self._proposal.users):
            if part is None:
                continue
            for key, guess in part.features.items():
                if guess.feature and (guess.feature.name or key) == name:
                    cells = part.table.columns[guess.column]
                    return {word for cell in cells for word in values(guess.feature, cell)}
        return set()

    def _whole(self) -> bool:
        parts = [part.table for part in (self._proposal.items, self._proposal.users) if part]
        return all(table.whole for table in (self._proposal.interactions, *parts))


def _rounded_up(number: float) -> int:
    """Returns the next number of one digit and zeros."""
    if number <= 0:
        return 1
    unit = 10 ** math.floor(math.log10(number))
    return max(1, math.ceil(number / unit) * unit)


def _rounded_down(share: float) -> float:
    return math.floor(share * 20) / 20

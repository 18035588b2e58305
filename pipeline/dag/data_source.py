"""The data a run reads."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfx.orchestration.data_types import RuntimeParameter


@dataclass(frozen=True)
class DataSource:
    """Data that was found.

    Args:
        path: a folder or file of ratings; of a compiled pipeline, the parameter that will name it.
        origin: where it came from, in words.
        fingerprint: of its content, so that the cache notices changed data.
        spans: those that the fingerprint is of, as `movielens_example_gen.spans.name_of` says them; empty
            where there are none, or the run is to choose.
    """

    path: "str | RuntimeParameter"
    origin: str
    fingerprint: str
    spans: str = ""

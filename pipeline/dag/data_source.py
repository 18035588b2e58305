"""Description of the data that a run reads."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfx.orchestration.data_types import RuntimeParameter


@dataclass(frozen=True)
class DataSource:
    """Located data of a run.

    Args:
        path: folder or file of ratings; in a compiled pipeline, the parameter that will name it.
        origin: origin of the data, in words.
        fingerprint: fingerprint of the content, so that the cache notices changed data.
        spans: spans that the fingerprint covers, as written by `movielens_example_gen.spans.name_of`; empty
            if there are none, or if the run chooses them.
    """

    path: "str | RuntimeParameter"
    origin: str
    fingerprint: str
    spans: str = ""

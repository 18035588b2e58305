"""What a push comes to, decided before anything is copied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serving.versions.placement import placement

Outcome = Literal["pushed", "served", "withdrawn", "refused"]


@dataclass(frozen=True)
class Decision:
    """What becomes of three models that a run would have served.

    Args:
        outcome: `refused` by a blessing; `served` already; `withdrawn` by a person, and so not pushed again;
            else `pushed`, as a new version.
        version: that is served already, or was withdrawn; of `pushed`, an older one with the same content
            that another has replaced since. None where there is none.
    """

    outcome: Outcome
    version: int | None = None


def decide(allowed: Iterable[bool], sources: Mapping[str, Path], serving_models: Path) -> Decision:
    """Looks at the blessings, and for the content of the models among the served and withdrawn versions.

    Args:
        allowed: what each blessing said.
        sources: a folder with a SavedModel by name.
        serving_models: the folder of served models.
    """
    if not all(allowed):
        return Decision("refused")
    place = placement(sources, serving_models)
    if place.served:
        return Decision("served", place.version)
    if place.withdrawn:
        return Decision("withdrawn", place.withdrawn)
    return Decision("pushed", place.version)

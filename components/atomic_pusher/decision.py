"""The decision about a push, made before anything is copied."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from serving.versions.placement import placement

Outcome = Literal["pushed", "served", "withdrawn", "refused"]


@dataclass(frozen=True)
class Decision:
    """The decision about the three models of a run.

    Args:
        outcome: `refused` by a blessing; `served` already; `withdrawn` by a person, and so not pushed again;
            else `pushed`, as a new version.
        version: the version that is served already, or was withdrawn; if `pushed`, an older version with the
            same content that has been replaced since. None if there is none.
    """

    outcome: Outcome
    version: int | None = None


def decide(allowed: Iterable[bool], sources: Mapping[str, Path], serving_models: Path) -> Decision:
    """Decides by the blessings, and by whether the models' content is among served or withdrawn versions.

    Args:
        allowed: whether each blessing was given.
        sources: the folders of the SavedModels by name.
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

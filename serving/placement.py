"""Where a set of models already is among the served versions, told by content."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serving.version_sets import MEMBERS, TRAINED
from serving.versions import ROLLED_BACK, list_versions, version_folder


@dataclass(frozen=True)
class Placement:
    """Where the content of a set of SavedModels is served from.

    Attributes:
        version: the highest version at which every model has it, or None.
        in_front: whether that is the one that servers answer from, for every model.
        withdrawn: the rolled-back version that has it, or None.
    """

    version: int | None
    in_front: bool
    withdrawn: int | None


def placement(sources: Mapping[str, Path], models_dir: Path) -> Placement:
    """Looks for the SavedModels in `sources`, by name, among the versions under `models_dir`."""
    wanted = {name: content(source) for name, source in sources.items()}
    same, withdrawn = _versions(wanted, models_dir), _versions(wanted, models_dir / ROLLED_BACK)
    version = same[-1] if same else None
    return Placement(
        version=version,
        in_front=version is not None and all(front(models_dir, name) == version for name in wanted),
        withdrawn=withdrawn[-1] if withdrawn else None,
    )


def front(models_dir: Path, name: str) -> int | None:
    """The version of `name` that servers answer from."""
    versions = list_versions(models_dir, name)
    return versions[-1] if versions else None


def in_front(models_dir: Path, names: Sequence[str]) -> str:
    """`set_content` of what is in front now; of a model that has no version, nothing."""
    fronts = {name: front(models_dir, name) for name in names}
    return set_content(
        {
            name: version_folder(models_dir, name, version)
            for name, version in fronts.items()
            if version is not None
        }
    )


def set_content(folders: Mapping[str, Path]) -> str:
    """SHA-256 over the names and contents of several SavedModels."""
    digest = hashlib.sha256()
    for name in sorted(folders):
        digest.update(f"{name}\0{content(folders[name])}\0".encode())
    return digest.hexdigest()


def content(saved_model: Path) -> str:
    """SHA-256 over the names and bytes of a SavedModel's files, but those that a push adds."""
    digest = hashlib.sha256()
    for file in sorted(path for path in saved_model.rglob("*") if path.is_file()):
        name = file.relative_to(saved_model)
        if name != MEMBERS and not name.is_relative_to(TRAINED):
            digest.update(f"{name}\0".encode())
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def _versions(wanted: Mapping[str, str], models_dir: Path) -> list[int]:
    """The versions, rising, at which every model has the content wanted."""
    common = set.intersection(*(set(list_versions(models_dir, name)) for name in wanted))
    return [
        version
        for version in sorted(common)
        if all(content(version_folder(models_dir, name, version)) == wanted[name] for name in wanted)
    ]

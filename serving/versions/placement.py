"""Finds a set of models among the served versions by content."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from serving.versions.version_sets import HISTORY, JUDGED, MEMBERS, TRAINED
from serving.versions.versions import ROLLED_BACK, list_versions, version_folder


@dataclass(frozen=True)
class Placement:
    """Versions that have the content of a set of SavedModels.

    Attributes:
        version: highest version at which every model has the content, or None.
        served: whether that is the served version of every model.
        withdrawn: withdrawn version that has the content, unless a later version has it too; or None.
    """

    version: int | None
    served: bool
    withdrawn: int | None


def placement(sources: Mapping[str, Path], models_dir: Path) -> Placement:
    """Finds the SavedModels in `sources`, by name, among the versions under `models_dir`."""
    version, withdrawn = _latest(sources, models_dir), _latest(sources, models_dir / ROLLED_BACK)
    return Placement(
        version=version,
        served=version is not None and all(front(models_dir, name) == version for name in sources),
        withdrawn=withdrawn if withdrawn is not None and withdrawn > (version or 0) else None,
    )


def front(models_dir: Path, name: str) -> int | None:
    """Returns the served version of `name`, which is the highest one; None if there is none."""
    versions = list_versions(models_dir, name)
    return versions[-1] if versions else None


def set_content(folders: Mapping[str, Path]) -> str:
    """Returns SHA-256 over the names and contents of several SavedModels."""
    digest = hashlib.sha256()
    for name in sorted(folders):
        digest.update(f"{name}\0{content(folders[name])}\0".encode())
    return digest.hexdigest()


def content(saved_model: Path) -> str:
    """Returns SHA-256 over the names and bytes of a SavedModel's files, without those added later."""
    digest = hashlib.sha256()
    for name in _files(saved_model):
        digest.update(f"{name}\0".encode())
        digest.update(hashlib.sha256((saved_model / name).read_bytes()).digest())
    return digest.hexdigest()


def _files(saved_model: Path) -> dict[Path, int]:
    """Returns the sizes of the files by name."""
    names = {path.relative_to(saved_model): path for path in sorted(saved_model.rglob("*")) if path.is_file()}
    return {
        name: path.stat().st_size
        for name, path in names.items()
        if name not in (MEMBERS, HISTORY) and not any(name.is_relative_to(each) for each in (TRAINED, JUDGED))
    }


def _latest(sources: Mapping[str, Path], models_dir: Path) -> int | None:
    """Returns the highest version at which every model has the wanted content."""
    common = set.intersection(*(set(list_versions(models_dir, name)) for name in sources))
    wanted: dict[str, str] = {}
    for version in sorted(common, reverse=True):
        folders = {name: version_folder(models_dir, name, version) for name in sources}
        if any(_files(folders[name]) != _files(source) for name, source in sources.items()):
            continue  # most differ in their sizes, and so need not be read
        wanted = wanted or {name: content(source) for name, source in sources.items()}
        if all(content(folders[name]) == wanted[name] for name in sources):
            return version
    return None

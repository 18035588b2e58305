"""Versions on disk: `<models>/<name>/<version>/saved_model.pb`, written atomically.

A version may be written with leading zeros, as TF Serving reads it: `00000123` is version 123.

A server that polls the folder serves the highest number. So a push is a rename into place, and a roll back
moves the highest number away. Models that belong together are handled by `serving.versions.version_sets`.
"""

import os
import re
import shutil
from pathlib import Path

from serving.errors import ServingError
from serving.versions.renames import alone, sync

ROLLED_BACK = ".rolled_back"
_UNFINISHED = ".pushing-"  # hidden, and not a number, so servers ignore it
_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_MOST = 2**63 - 1  # TF Serving's versions are 64-bit numbers


def list_versions(models_dir: str | Path, name: str) -> list[int]:
    """Returns the versions of `name` that a server can see, in ascending order; empty without a folder."""
    return sorted(_numbered(Path(models_dir) / name, holding="saved_model.pb"))


def version_folder(models_dir: str | Path, name: str, version: int) -> Path:
    """Returns the folder of a version, with any leading zeros; if it does not exist, where it would be."""
    folder = Path(models_dir) / name
    whole = _numbered(folder, holding="saved_model.pb")
    return folder / (whole.get(version) or _numbered(folder).get(version, str(version)))


def list_models(models_dir: str | Path) -> list[str]:
    """Returns the names under `models_dir` that have at least one version, sorted."""
    try:
        folders = [entry.name for entry in os.scandir(models_dir) if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in folders if not name.startswith(".") and list_versions(models_dir, name))


def push(source_dir: str | Path, models_dir: str | Path, name: str, keep: int) -> int:
    """Makes the SavedModel in `source_dir` the served version of `name`, and prunes all but the last `keep`.

    The copy is made in a hidden folder beside its destination, synced to disk and renamed, so that a server
    sees all of it or nothing, even if this process is killed. The next push deletes what a killed push left
    behind, and first finishes interrupted renames of a set (`serving.versions.renames`). Only one push or
    roll back runs at a time; others wait.

    Returns the version: one more than any that exists or was rolled back (a number is never used twice).
    Raises ServingError if `source_dir` holds no SavedModel or `keep` is less than 1.
    """
    check(source_dir, keep)
    Path(models_dir).mkdir(parents=True, exist_ok=True)
    with alone(models_dir):
        folder = Path(models_dir) / name
        version = 1 + highest_number(models_dir, name)
        os.rename(stage(source_dir, folder, version), folder / str(version))
        sync(folder)
        for old in list_versions(models_dir, name)[:-keep]:
            remove(folder, old)
    return version


def rollback(models_dir: str | Path, name: str) -> tuple[int, int]:
    """Withdraws the highest version of `name`, so that the one before it is the served version again.

    The withdrawn version is kept under `<models>/.rolled_back/<name>/`. Returns (withdrawn, now served).
    Raises ServingError if there is no older version.
    """
    with alone(models_dir):
        withdrawn, served = served_and_previous(models_dir, name)
        place = make_room(models_dir, name, withdrawn)
        os.rename(version_folder(models_dir, name, withdrawn), place)
        sync(place.parent)
        sync(Path(models_dir) / name)
    return withdrawn, served


def check(source_dir: str | Path, keep: int) -> None:
    """Raises ServingError if there is nothing to push, or nothing would be kept."""
    if not (Path(source_dir) / "saved_model.pb").is_file():
        raise ServingError(f"{source_dir} holds no SavedModel: there is no saved_model.pb in it")
    if keep < 1:
        raise ServingError(f"keep is {keep}: at least the version being pushed must be kept")


def highest_number(models_dir: str | Path, name: str) -> int:
    """Returns the highest number of any version of `name`, including those rolled back; 0 for none."""
    attic = Path(models_dir) / ROLLED_BACK / name
    return max([0, *_numbered(Path(models_dir) / name), *_numbered(attic)])


def stage(
    source_dir: str | Path, folder: Path, version: int, link: bool = False, without: tuple[Path, ...] = ()
) -> Path:
    """Copies a model to a hidden place in `folder` and syncs it to disk; deletes leftovers of a killed push.

    Args:
        source_dir: folder of the SavedModel.
        folder: folder of the model's versions.
        version: number of the new version.
        link: whether files are hard-linked rather than copied if the file system can, which is safe because
            files of versions are never written again.
        without: files and folders to leave out, relative to `source_dir`.
    """
    for leftover in folder.glob(f"{_UNFINISHED}*"):
        shutil.rmtree(leftover)
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{_UNFINISHED}{version}"
    kept_back = {Path(source_dir) / path for path in without}
    shutil.copytree(
        source_dir,
        unfinished,
        ignore=lambda parent, names: [name for name in names if Path(parent) / name in kept_back],
        copy_function=_link if link else shutil.copy2,
    )
    sync_tree(unfinished)
    return unfinished


def served_and_previous(models_dir: str | Path, name: str) -> tuple[int, int]:
    """Returns the served version of `name` and the one before it; raises ServingError if there is none."""
    versions = list_versions(models_dir, name)
    if len(versions) < 2:
        there = f"only version {versions[0]}" if versions else "no version at all"
        raise ServingError(
            f"{name} cannot be rolled back: there is {there} under {Path(models_dir) / name}",
            "A roll back needs an older version that can be served instead.",
        )
    return versions[-1], versions[-2]


def make_room(models_dir: str | Path, name: str, version: int) -> Path:
    """Returns the place of a withdrawn version; deletes an earlier one of the same number there."""
    place = Path(models_dir) / ROLLED_BACK / name / str(version)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    return place


def remove(folder: Path, version: int) -> None:
    """Renames a version away, then deletes it, so that a server never sees half of it."""
    leaving = folder / f"{_UNFINISHED}gone-{version}"
    os.rename(version_folder(folder.parent, folder.name, version), leaving)
    shutil.rmtree(leaving)


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:  # the file system has no hard links
        shutil.copy2(source, destination)


def sync_tree(folder: Path) -> None:
    """Syncs a folder and its contents to disk."""
    for parent, _, files in os.walk(folder):
        for file in files:
            sync(Path(parent) / file)
        sync(Path(parent))


def _numbered(folder: Path, holding: str = "") -> dict[int, str]:
    """Returns the names of version folders by number; of two with one number, the one without zeros."""
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    numbered = ((int(name), name) for name in names if _NUMBER.fullmatch(name) and len(name) < 1000)
    there = [(n, name) for n, name in numbered if n <= _MOST and (folder / name / holding).exists()]
    return dict(sorted(there, key=lambda entry: (entry[0], -len(entry[1]))))

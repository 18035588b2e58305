"""Versions on disk: `<models>/<name>/<version>/saved_model.pb`, whole or not there at all.

A version may be written with leading zeros, as TF Serving reads it: `00000123` is version 123.

A server that polls the folder serves the highest number. So a push is a rename into place, and a roll
back moves the highest number out of the way. Models that belong together go by
`serving.versions.version_sets`.
"""

import os
import re
import shutil
from pathlib import Path

from serving.errors import ServingError
from serving.versions.renames import alone, sync

ROLLED_BACK = ".rolled_back"
_UNFINISHED = ".pushing-"  # hidden, and not a number: no server looks at it
_NUMBER = re.compile(r"[0-9]+", re.ASCII)
_MOST = 2**63 - 1  # TF Serving's versions are 64-bit numbers


def list_versions(models_dir: str | Path, name: str) -> list[int]:
    """The versions of `name` that a server can see, in rising order; none where there is no such folder."""
    return sorted(_numbered(Path(models_dir) / name, holding="saved_model.pb"))


def version_folder(models_dir: str | Path, name: str, version: int) -> Path:
    """The folder of a version that is there, however its number is written; else where it would be."""
    folder = Path(models_dir) / name
    whole = _numbered(folder, holding="saved_model.pb")
    return folder / (whole.get(version) or _numbered(folder).get(version, str(version)))


def list_models(models_dir: str | Path) -> list[str]:
    """The names under `models_dir` that have at least one version, sorted."""
    try:
        folders = [entry.name for entry in os.scandir(models_dir) if entry.is_dir()]
    except (FileNotFoundError, NotADirectoryError):
        return []
    return sorted(name for name in folders if not name.startswith(".") and list_versions(models_dir, name))


def push(source_dir: str | Path, models_dir: str | Path, name: str, keep: int) -> int:
    """Makes the SavedModel in `source_dir` the served version of `name`, and prunes all but the last `keep`.

    The copy is made in a hidden folder beside its destination, brought to the disk and renamed, so a server
    sees all of it or nothing, even when this process is killed half way; what a killed push left behind is
    swept away by the next one, and a set that was killed half way out is finished first
    (`serving.versions.renames`). One push, or roll back, at a time: others wait.

    Returns the version: one more than any that exists or was rolled back (a number is never used twice).
    Raises ServingError when `source_dir` holds no SavedModel or `keep` is less than 1.
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
    Raises ServingError when there is nothing to go back to.
    """
    with alone(models_dir):
        withdrawn, served = served_and_previous(models_dir, name)
        place = make_room(models_dir, name, withdrawn)
        os.rename(version_folder(models_dir, name, withdrawn), place)
        sync(place.parent)
        sync(Path(models_dir) / name)
    return withdrawn, served


def check(source_dir: str | Path, keep: int) -> None:
    """Raises ServingError where there is nothing to push, or nothing would be kept."""
    if not (Path(source_dir) / "saved_model.pb").is_file():
        raise ServingError(f"{source_dir} holds no SavedModel: there is no saved_model.pb in it")
    if keep < 1:
        raise ServingError(f"keep is {keep}: at least the version being pushed must be kept")


def highest_number(models_dir: str | Path, name: str) -> int:
    """The highest number that a version of `name` ever had, those rolled back among them; 0 for none."""
    attic = Path(models_dir) / ROLLED_BACK / name
    return max([0, *_numbered(Path(models_dir) / name), *_numbered(attic)])


def stage(
    source_dir: str | Path, folder: Path, version: int, link: bool = False, without: tuple[Path, ...] = ()
) -> Path:
    """Copies a model to a hidden place in `folder`, to the disk; what a killed push left there goes.

    Args:
        source_dir: the SavedModel.
        folder: of the model's versions.
        version: the number that it is to have.
        link: whether files are linked rather than copied, where the file system can: no version's files are
            ever written to again.
        without: files and folders in `source_dir` that stay behind, relative to it.
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
    """The served version of `name` and the one before it; ServingError where there are not two."""
    versions = list_versions(models_dir, name)
    if len(versions) < 2:
        there = f"only version {versions[0]}" if versions else "no version at all"
        raise ServingError(
            f"{name} cannot be rolled back: there is {there} under {Path(models_dir) / name}",
            "A roll back needs an older version that can be served instead.",
        )
    return versions[-1], versions[-2]


def make_room(models_dir: str | Path, name: str, version: int) -> Path:
    """Where a withdrawn version goes; an earlier one of the same number, pushed by hand again, leaves it."""
    place = Path(models_dir) / ROLLED_BACK / name / str(version)
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        shutil.rmtree(place)
    return place


def remove(folder: Path, version: int) -> None:
    """Takes a version away at once, then deletes it: a server must not see half of it either."""
    leaving = folder / f"{_UNFINISHED}gone-{version}"
    os.rename(version_folder(folder.parent, folder.name, version), leaving)
    shutil.rmtree(leaving)


def _link(source: str, destination: str) -> None:
    try:
        os.link(source, destination)
    except OSError:  # a file system without hard links
        shutil.copy2(source, destination)


def sync_tree(folder: Path) -> None:
    """Brings a folder and all that is in it to the disk."""
    for parent, _, files in os.walk(folder):
        for file in files:
            sync(Path(parent) / file)
        sync(Path(parent))


def _numbered(folder: Path, holding: str = "") -> dict[int, str]:
    """The names of version folders by number; of two with one number, the one without zeros."""
    try:
        names = [entry.name for entry in os.scandir(folder)]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    numbered = ((int(name), name) for name in names if _NUMBER.fullmatch(name) and len(name) < 1000)
    there = [(n, name) for n, name in numbered if n <= _MOST and (folder / name / holding).exists()]
    return dict(sorted(there, key=lambda entry: (entry[0], -len(entry[1]))))

"""Models that belong together: their versions are pushed, and rolled back, all or none.

A set is one version number of several models. Each of its versions says so in a file of its own, in
`assets.extra`, the SavedModel's place for what no server reads; so a set needs no register that could
disagree with the folders.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

from serving import versions
from serving.errors import ServingError
from serving.renames import alone, recover, rename_all, sync

__all__ = ["members", "push_set", "recover", "rollback_set"]

MEMBERS = Path("assets.extra") / "version_set.json"
TRAINED = Path("assets.extra") / "trained"  # a folder: what a later training begins from


def push_set(
    sources: Mapping[str, str | Path],
    models_dir: str | Path,
    keep: int,
    trained: Mapping[str, str | Path] | None = None,
) -> dict[str, int]:
    """Puts a SavedModel in front of each model's versions, in all of them or in none.

    All are copied to hidden folders beside their destinations and brought to the disk; then a journal is
    written, and they are renamed. Killed before the journal is there, nothing was pushed, and the next push
    sweeps up; killed after it, the next push or roll back (or `recover`) does the renames that are missing.
    One push, or roll back, at a time: others wait.

    Args:
        sources: a folder with a SavedModel by model name, in the order in which they appear.
        keep: how many sets stay; what is older than them goes, of each of these models.
        trained: a folder by model name that goes with its version, at TRAINED.

    Returns:
        The version by name: one number for all, greater than any that one of them ever had.

    Raises:
        ServingError: no sources, a source that holds no SavedModel, `keep` less than 1; nothing is pushed.
    """
    if not sources:
        raise ServingError("There is nothing to push: the set has no models")
    for source in sources.values():
        versions.check(source, keep)
    models_dir = Path(models_dir)
    models_dir.mkdir(parents=True, exist_ok=True)
    with alone(models_dir):
        version = 1 + max(versions.highest_number(models_dir, name) for name in sources)
        moves = {}
        for name, source in sources.items():
            staged = versions.stage(source, models_dir / name, version)
            _write_members(staged, list(sources))
            if trained and name in trained:
                shutil.copytree(trained[name], staged / TRAINED)
                versions.sync_tree(staged / TRAINED)
            moves[str(staged.relative_to(models_dir))] = f"{name}/{version}"
        rename_all(models_dir, moves)
        _prune(models_dir, list(sources), keep)
    return dict.fromkeys(sources, version)


def rollback_set(models_dir: str | Path, name: str) -> dict[str, tuple[int, int]]:
    """Withdraws the highest version of `name` and of every model that was pushed with it.

    A version that was pushed alone is withdrawn alone. Withdrawn versions are kept under
    `<models>/.rolled_back/<name>/`.

    Returns:
        (withdrawn, now in front) by name.

    Raises:
        ServingError: one of them has no older version, or a newer one than the set's; nothing is withdrawn.
    """
    models_dir = Path(models_dir)
    with alone(models_dir):
        version, _ = versions.front_and_next(models_dir, name)
        names = members(models_dir, name, version)
        change = {each: versions.front_and_next(models_dir, each) for each in names}
        for each, (in_front, _) in change.items():
            if in_front != version:
                raise ServingError(
                    f"The set of {name} {version} cannot be rolled back: "
                    f"{each} has version {in_front} in front",
                    f"Roll {each} back by itself first.",
                )
        places = {each: versions.make_room(models_dir, each, version) for each in names}
        rename_all(
            models_dir,
            {
                str(versions.version_folder(models_dir, each, version).relative_to(models_dir)): str(
                    place.relative_to(models_dir)
                )
                for each, place in places.items()
            },
        )
    return change


def members(models_dir: str | Path, name: str, version: int) -> list[str]:
    """The models that were pushed together with this version, itself among them; itself alone if none."""
    try:
        return json.loads((versions.version_folder(models_dir, name, version) / MEMBERS).read_text())
    except FileNotFoundError:
        return [name]


def _write_members(model: Path, names: list[str]) -> None:
    file = model / MEMBERS
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(names))
    for path in (file, file.parent, model):
        sync(path)


def _prune(models_dir: Path, names: list[str], keep: int) -> None:
    pushed = versions.list_versions(models_dir, names[0])
    sets = [version for version in pushed if set(members(models_dir, names[0], version)) == set(names)]
    if len(sets) < keep:
        return
    for name in names:
        for version in versions.list_versions(models_dir, name):
            if version < sets[-keep]:
                versions.remove(models_dir / name, version)

"""The descriptions that Marquee ships."""

import functools
from pathlib import Path
from typing import Any

import yaml

from components.movielens_example_gen.description import Described
from trainer.data.description import Description

_FOLDER = Path(__file__).parent / "descriptions"


@functools.cache
def shipped(name: str) -> Description:
    """Returns the description of a data set that is recognised by its files, such as `movielens`."""
    return Described.checked({"interactions": {"rating": {}}, **_tree(name)}).description


@functools.cache
def shipped_files(name: str) -> Described:
    """Returns the description of a layout's files: `u` of MovieLens 100K, `dat` of 1M and 10M."""
    return Described.checked(_tree(name))


def _tree(name: str) -> dict[str, Any]:
    return yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))

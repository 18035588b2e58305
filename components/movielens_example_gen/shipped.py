"""The descriptions that Marquee ships."""

import functools
from pathlib import Path

import yaml

from components.movielens_example_gen.description import Described
from trainer.data.description import Description

_FOLDER = Path(__file__).parent / "descriptions"


@functools.cache
def shipped(name: str) -> Description:
    """Returns the description of a data set that is recognised by its files, such as `movielens`."""
    tree = yaml.safe_load((_FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))
    return Described.checked({"interactions": {"rating": {}}, **tree}).description

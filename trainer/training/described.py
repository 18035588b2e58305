"""The description of the data beside a model's weights, for whoever reads the model back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from marquee.whole_file import write_whole
from trainer.data.catalogue import Catalogue
from trainer.data.description import Description
from trainer.data.tables.table import VectorOf

FILE = "described.json"


@dataclass(frozen=True)
class Described:
    """What a model was told of its data, and what the data had.

    Attributes:
        description: the features.
        values: the number of values that train has of each category, words or number's bins, by key; 0: none.
    """

    description: Description
    values: Mapping[str, int]

    @classmethod
    def of(cls, catalogue: Catalogue) -> Self:
        """Counts the values in a catalogue."""
        return cls(catalogue.description, cardinalities(catalogue))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Reads the file that `write` wrote; None if there is none: a model of an older version."""
        path = folder / FILE
        if not path.exists():
            return None
        plain = json.loads(path.read_text(encoding="utf-8"))
        return cls(Description.model_validate(plain["description"]), plain["values"])

    def write(self, folder: Path) -> None:
        """Writes `described.json`."""
        plain = {"description": self.description.model_dump(mode="json"), "values": dict(self.values)}
        folder.mkdir(parents=True, exist_ok=True)
        write_whole(folder / FILE, json.dumps(plain, indent=1) + "\n")


def cardinalities(catalogue: Catalogue) -> dict[str, int]:
    """Returns the number of values of each user and item feature in train, by key.

    These are a category's or the words' number, and that of a number's bins; vectors have none.

    Examples:
        `catalogue` is a `trainer.data.catalogue.Catalogue` of 2 users and 3 films.

        >>> counts = cardinalities(catalogue)
        >>> counts["gender"], counts["genres"], counts["occupation"]
        (2, 2, 0)
    """
    description, found = catalogue.description, {}
    for key in (*description.user_features, *description.item_features):
        table = catalogue.table(key)
        if not isinstance(table, VectorOf):
            found[key] = sum(1 for each in table.keys if each) if table.known else 0
    return found

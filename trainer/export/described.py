"""The description of the data beside a model's weights, for whoever reads the model back."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from marquee.whole_file import write_whole
from trainer.data.catalogue import Catalogue
from trainer.data.description import Description
from trainer.models.schema_facts import cardinalities

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

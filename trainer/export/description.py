"""Description of the data beside a SavedModel, for those who show its answers to people.

`assets.extra/description.json` holds `nouns` (`user`, `users`, `item`, `items`), `feedback`, `scale` (`min`,
`max`, `step`; null: as train has it) and `grouping`, the feature of items whose words the signature
`describe` of a retrieval model returns (null: there is none). `serving.data_words` reads it.
"""

import json
from pathlib import Path

from marquee.whole_file import write_whole
from trainer.data.description import Description
from trainer.export.answers import EXTRA

FILE = Path(EXTRA) / "description.json"


def write_description(saved_model: str | Path, description: Description) -> None:
    """Writes the file into the SavedModel's folder."""
    nouns = description.nouns
    found = description.model_dump(mode="json", include={"feedback", "scale"}) | {
        "nouns": nouns.model_dump() | {"users": nouns.of_users(), "items": nouns.of_items()},
        "grouping": description.grouping,
    }
    write_whole(Path(saved_model) / FILE, json.dumps(found, indent=2, ensure_ascii=False) + "\n")

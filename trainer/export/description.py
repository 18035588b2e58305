"""Description of the data beside a SavedModel, for those who show its answers to people.

`assets.extra/description.json` holds `nouns` (`user`, `users`, `item`, `items`), `feedback`, `scale` (`min`,
`max`, `step`; null: as train has it) and `grouping`, the feature of items whose words the signature
`describe` of a retrieval model returns (null: there is none), and `names`, what the model's signatures call
users (`user`), items (`item`), titles (`title`), ratings (`rating`), the words of `describe` (`words`), and
what tf.Examples call times (`time`). `serving.data_words` and `serving.names` read it. A model that knows
people by features says which under `user_features` (`trainer.export.given.features`).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from marquee.whole_file import write_whole
from trainer.data.description import Description
from trainer.data.names import Names
from trainer.export.extra import EXTRA

FILE = Path(EXTRA) / "description.json"


def write_description(
    saved_model: str | Path, description: Description, user_features: Mapping[str, Any] | None = None
) -> None:
    """Writes the file into the SavedModel's folder, with the features that signatures take, if any."""
    nouns = description.nouns
    found = description.model_dump(mode="json", include={"feedback", "scale", "names"}) | {
        "nouns": nouns.model_dump() | {"users": nouns.of_users(), "items": nouns.of_items()},
        "grouping": description.grouping,
    }
    if user_features:
        found["user_features"] = dict(user_features)
    write_whole(Path(saved_model) / FILE, json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def user_features_of(saved_model: str | Path) -> dict[str, dict[str, Any]]:
    """Returns the features of users that a SavedModel's signatures take, by name; `{}` if there are none."""
    try:
        found = json.loads((Path(saved_model) / FILE).read_text(encoding="utf-8")).get("user_features")
        return found if isinstance(found, dict) else {}
    except (OSError, ValueError, AttributeError):
        return {}


def add_user_features(saved_model: str | Path, user_features: Mapping[str, Any]) -> None:
    """Adds features of users to those of a SavedModel that has a description; without one, does nothing."""
    file = Path(saved_model) / FILE
    if user_features and file.exists():
        found = json.loads(file.read_text(encoding="utf-8"))
        found["user_features"] = {**found.get("user_features", {}), **user_features}
        write_whole(file, json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def names_of(saved_model: str | Path) -> Names:
    """Returns the names that a SavedModel's signatures have; MovieLens's of one that does not say."""
    try:
        found = json.loads((Path(saved_model) / FILE).read_text(encoding="utf-8"))["names"]
        return Names.model_validate(found)
    except (OSError, ValueError, KeyError, TypeError):
        return Names()

"""Names of groups of ratings in words."""

from pipeline.store.data_words import words_of
from trainer.data.description import Categories, Description

_ACTIVITY = {
    "new": "{users} not in train",
    "light": "light {users}",
    "medium": "medium {users}",
    "heavy": "heavy {users}",
}
_FAME = {
    "new": "{items} not in train",
    "long tail": "long-tail {items}",
    "middle": "mid-popularity {items}",
    "hits": "most popular {items}",
}
_GENDER = {"F": "women", "M": "men"}
_FORMER = {"genre": "genres"}  # a name that earlier versions gave to groups of films


def group(feature: str, value: str, description: Description) -> str:
    """Returns the name of a group: `heavy users`, `Drama films`, `ages 18-24`, `country DE`.

    Args:
        feature: key of a feature, its key with `_group`, or its name in tf.Examples; or `activity` or
            `item_popularity`.
        value: value of the feature, or range of values.
        description: description of the data.
    """
    words = words_of(description)
    if feature == "activity":
        return _ACTIVITY.get(value, value).format(users=words.users)
    if feature == "item_popularity":
        return _FAME.get(value, value).format(items=words.items)
    key = _key(feature, description)
    if value == "unknown":
        return f"{_spoken(key)} unknown"
    if key == "gender" and value in _GENDER:
        return _GENDER[value]
    if key == "age":
        return f"ages {value}"
    if isinstance(description.item_features.get(key), Categories):
        return f"{value} {words.items}"
    return f"{_spoken(key)} {value}"


def heading(feature: str, description: Description) -> str:
    """Returns the heading of a feature: `Activity`, `Age`, `Film popularity`."""
    if feature == "item_popularity":
        return f"{words_of(description).item} popularity".capitalize()
    return _spoken(_key(feature, description)).capitalize()


def _key(feature: str, description: Description) -> str:
    features = description.features()
    named = {each.name: key for key, (_, each) in features.items() if each.name}
    for key in (feature, feature.removesuffix("_group"), _FORMER.get(feature, "")):
        if key in features:
            return key
    return named.get(feature, feature)


def _spoken(key: str) -> str:
    return key.replace("_", " ")

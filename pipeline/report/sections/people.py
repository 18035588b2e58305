"""Section with ten example users."""

from typing import Any

from pipeline.report.blocks import Part, People, Section
from pipeline.report.sources import Sources
from pipeline.report.words import plural
from serving.data_words import DataWords

_GENDER = {"F": "woman", "M": "man"}
_FORMER = ("gender", "age_group", "occupation")  # as earlier versions wrote them
_ALONE = ("gender", "age", "age_group", "occupation")  # features whose values need no name beside them


def people(sources: Sources) -> Section:
    """Returns the section, with users from the least to the most active."""
    users, words = sources.details.get("users"), sources.words
    title = f"Example {words.users}"
    if not users:
        return Section("people", title, "")
    found = sum(item["given"] is not None for user in users for item in user["shown"])
    shown = sum(len(user["shown"]) for user in users)
    lead = (
        f"{words.users.capitalize()} from the least to the most active: their latest {words.ratings} in "
        f"train, and what is recommended. {found} of the {plural(shown, words.item, words.items)} "
        f"recommended are among their held-out {words.ratings} in test."
    )
    known = [_known(user, words) for user in users]
    return Section("people", title, lead, [Part("", [People(users, words, known)])])


def _known(user: dict[str, Any], words: DataWords) -> str:
    """Returns what is known of a user: `woman, 25-34, artist; 120 ratings, 3.6 on average`."""
    known = user["known"] if "known" in user else {key: user.get(key) for key in _FORMER}
    said = [_feature(key, value) for key, value in known.items() if value]
    active = plural(user["ratings"], words.rating, words.ratings)
    if words.value == "rating":
        active += f", {user['mean']:.1f} on average"
    return f"{', '.join(said)}; {active}" if said else active


def _feature(key: str, value: object) -> str:
    if key == "gender":
        return _GENDER.get(str(value), str(value))
    return str(value) if key in _ALONE else f"{key.replace('_', ' ')} {value}"

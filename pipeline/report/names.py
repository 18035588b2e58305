"""Names of groups and metrics in words."""

FEATURES = {
    "activity": "activity",
    "gender": "gender",
    "user_gender": "gender",
    "age_group": "age",
    "film_popularity": "film popularity",
    "genre": "genre",
    "movie_genres": "genre",
}
_ACTIVITY = {
    "new": "users not in train",
    "light": "light users",
    "medium": "medium users",
    "heavy": "heavy users",
}
_FAME = {
    "new": "films not in train",
    "long tail": "long-tail films",
    "middle": "mid-popularity films",
    "hits": "most popular films",
}
_GENDER = {"F": "women", "M": "men", "unknown": "gender unknown"}


def group(feature: str, value: str) -> str:
    """Returns the name of a group: `women`, `ages 18-24`, `Drama films`, `heavy users`."""
    if feature == "activity":
        return _ACTIVITY.get(value, value)
    if feature == "film_popularity":
        return _FAME.get(value, value)
    if feature in ("gender", "user_gender"):
        return _GENDER.get(value, f"gender {value}")
    if feature == "age_group":
        return "age unknown" if value == "unknown" else f"ages {value}"
    if feature in ("genre", "movie_genres"):
        return f"{value} films"
    return f"{FEATURES.get(feature, feature)} {value}"


def heading(feature: str) -> str:
    """Returns the heading of a feature: `Activity`, `Age`."""
    return FEATURES.get(feature, feature).capitalize()

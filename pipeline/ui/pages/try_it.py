"""Try-it page: recommendations for a user or a history, of one version or of two side by side."""

import re
import zlib
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from pipeline.store.data_words import data_words
from pipeline.store.origin import pushes
from pipeline.ui.query import Query
from pipeline.ui.site import Site
from pipeline.ui.tryable import TITLES, Tryable
from serving.client.chances import rating_text
from serving.client.recommendations import Answer, Recommended, ask_for_fan, ask_for_user
from serving.client.user_features import known_user_features
from serving.data_words import DataWords
from serving.errors import ServingError

LIKED = 4  # number of fields for items of a history
MOST = 50
FEATURE = "feature:"  # what the parameter of a feature of users begins with; its name follows
TONES = 8  # number of colours of groups that have none of their own in posters.css
_YEAR = re.compile(r"^(.*?)\s*\((\d{4})\)\s*$")
_ARTICLE = re.compile(r"^(.*), (The|A|An|Le|La|Les|Il|El|Das|Der|Die)$")


@dataclass(frozen=True)
class Question:
    """Request for recommendations.

    Args:
        user: id of the user; empty for a request by `liked`.
        liked: titles of items that the user likes.
        k: number of items.
        seen: whether items that the user knows already may be recommended.
        versions: one or two versions of the recommender.
        said: features of a new user, by name.
    """

    user: str
    liked: list[str]
    k: int
    seen: bool
    versions: list[int]
    said: dict[str, str]

    @property
    def complete(self) -> bool:
        """Whether a user, an item or a feature is given."""
        return bool(self.user or self.liked or self.said)

    @property
    def features(self) -> list[str]:
        """Features of a new user, as they are typed on the command line."""
        return [f"{name}={value}" for name, value in self.said.items()]

    def whom(self, words: DataWords) -> str:
        """Returns for whom is asked: `listener 42`, `a new listener of country=DE who likes ABBA`."""
        if self.user:
            return f"{words.user} {self.user}"
        of = f" of {', '.join(self.features)}" if self.said else ""
        return f"a new {words.user}{of}" + (f" who likes {' and '.join(self.liked)}" if self.liked else "")


def shown(site: Site, tryable: Tryable, query: QueryParams) -> dict[str, Any]:
    """Returns the filled-in form and the recommendations; comparable lists for two versions."""
    versions = tryable.versions()
    if not versions:
        return {"versions": [], "loading": False, "models": str(tryable.models)}
    question = _question(query, versions)
    words = _words(site, tryable, question.versions[0])
    if len(question.liked) > LIKED:
        raise HTTPException(400, f"{len(question.liked)} {words.items} are too many: give at most {LIKED}.")
    ready = [tryable.ready(version) for version in question.versions]  # starts loading both, in parallel
    if not all(ready):
        return {"versions": versions, "loading": True}
    titles, lists, wrong, near, features = [], [], [], [], []
    chosen = question.versions[0]
    try:
        titles = tryable.titles(chosen)
        features = [*known_user_features(tryable.client(chosen)).values()]
        if question.user and (question.liked or question.said):
            likes = f"{words.items} that a new {words.user} likes"
            new = likes if question.liked else "features of a new one"
            wrong = [f"Give either a {words.user} or {new}, not both."]
        elif question.complete:
            lists = [_answered(tryable, question, version, words) for version in question.versions]
    except ServingError as error:
        near = _near(tryable, question) if titles else []  # no titles: the version cannot be loaded
        wrong = [f"No {words.item} is called {each['asked']}." for each in near] or str(error).splitlines()
    if len(lists) == 2:
        _compare(*lists)
    return {
        "versions": versions,
        "loading": False,
        "question": question,
        "words": words,
        "liked": [*question.liked, *[""] * LIKED][:LIKED],
        "users": tryable.users(chosen) if titles else [],
        "titles": titles[:TITLES],
        "features": features,
        "lists": lists,
        "wrong": wrong,
        "near": [each for each in near if each["near"]],
        "most": MOST,
        "known": set(pushes(site.lineage)),  # other versions have no lineage in this workspace
    }


def suggested(tryable: Tryable, query: QueryParams) -> list[str]:
    """Returns titles of the chosen version for the typed text; none if the version cannot be loaded."""
    versions = tryable.versions()
    if not versions:
        return []
    try:
        asked = Query(query, "q", "version")
        version = asked.number("version", versions[0], high=10**18)
        return tryable.titles_like(asked.text("q"), version) if version in versions else []
    except ServingError:
        return []


def _question(params: QueryParams, versions: list[int]) -> Question:
    """Parses the request; raises HTTPException if it is invalid."""
    of_user = [name for name in params if name.startswith(FEATURE)]
    query = Query(params, "user", "like", "k", "seen", "version", "other", *of_user)
    first, other = (query.number(name, 0, high=10**18) for name in ("version", "other"))
    for version in (first, other):
        if version and version not in versions:
            there = ", ".join(map(str, versions))
            raise HTTPException(404, f"There is no version {version} of the recommender; available: {there}.")
    liked = query.texts("like")
    first = first or versions[0]
    return Question(
        user=query.text("user"),
        liked=liked,
        k=query.number("k", 10, low=1, high=MOST),
        seen=query.flag("seen", "on"),
        versions=[first, *([other] if other not in (0, first) else [])],
        said={name.removeprefix(FEATURE): text for name in of_user if (text := query.text(name))},
    )


def _words(site: Site, tryable: Tryable, version: int) -> DataWords:
    """Returns the words for a version's data; those of the run that pushed it if it has no description."""
    if described := tryable.described(version):
        return DataWords.of(described)
    push = pushes(site.lineage).get(version)
    return data_words(site.lineage.made_from(push)) if push else DataWords()


def _answered(tryable: Tryable, question: Question, version: int, words: DataWords) -> dict[str, Any]:
    client, highest = tryable.client(version), _highest(tryable.described(version))
    if question.user:
        answer = ask_for_user(client, question.user, question.k, question.seen)
    else:
        answer = ask_for_fan(client, question.liked, question.k, question.features)
    return {
        "version": version,
        "items": [_item(item, highest, answer.chances) for item in answer.items],
        "note": _note(answer, question, words),
    }


def _highest(described: dict[str, Any]) -> float:
    """Returns the highest value that a ranking model predicts: that of the scale, five stars, or 1."""
    scale = described.get("scale") or {"max": 5 if described.get("feedback", "explicit") == "explicit" else 1}
    return float(scale["max"])


def _note(answer: Answer, question: Question, words: DataWords) -> str:
    if not answer.items:
        return f"Nothing is left to recommend, unless {words.items} that the {words.user} knows are included."
    if question.user and answer.stranger:
        return (
            f"{question.user} is a cold-start {words.user} for this version: these are popular {words.items}."
        )
    return ""


def _item(item: Recommended, highest: float, chances: bool) -> dict[str, Any]:
    name, year = _name(item.movie_title)
    group = item.movie_genres[0] if item.movie_genres else ""
    return {
        "rank": item.rank,
        "title": item.movie_title,
        "name": name,
        "year": year,
        "groups": item.movie_genres,
        "group": _slug(group),
        "tone": zlib.crc32(group.encode()) % TONES,
        "initials": "".join(word[0] for word in re.findall(r"\w+", name)[:3]).upper(),
        "rating": item.user_rating,
        "rated": None if item.user_rating is None else rating_text(item.user_rating, chances),
        "filled": round(min(max((item.user_rating or 0) / (1 if chances else highest), 0), 1) * 100),
        "because": "{} ({})".format(*_name(str(item.because["movie_title"]))) if item.because else "",
        "similarity": item.because["similarity"] if item.because else 0.0,
        "ratings": item.ratings,
        "moved": "",
    }


def _name(title: str) -> tuple[str, str]:
    """Splits a title such as "Omen, The (1976)" into the name as people say it and the year."""
    match = _YEAR.match(title)
    name, year = (match[1], match[2]) if match else (title, "")
    article = _ARTICLE.match(name)
    return f"{article[2]} {article[1]}" if article else name, year


def _slug(group: str) -> str:
    return re.sub(r"[^a-z]+", "-", group.lower()).strip("-")


def _compare(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Adds to each item its rank in the other version's list."""
    for mine, theirs in ((one, other), (other, one)):
        place = {item["title"]: item["rank"] for item in theirs["items"]}
        for item in mine["items"]:
            there = place.get(item["title"])
            item["moved"] = (
                f"only in version {mine['version']}" if there is None else f"rank {there} in the other"
            )
            if there == item["rank"]:
                item["moved"] = ""
            item["alone"] = there is None
        mine["shared"] = sum(not item["alone"] for item in mine["items"])


def _near(tryable: Tryable, question: Question) -> list[dict[str, Any]]:
    """Returns suggestions for each unknown title."""
    version = question.versions[0]
    titles = set(tryable.titles(version))
    return [
        {"asked": title, "near": tryable.titles_like(title, version)}
        for title in question.liked
        if title not in titles
    ]

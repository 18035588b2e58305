"""Suggestions for an unknown title: other case, no year, "The Matrix" for "Matrix, The (1999)"."""

import difflib
import re
import unicodedata
from collections.abc import Iterable

_YEAR = re.compile(r"\((\d{4})[^()]*\)\s*$")
_IN_PARENTHESES = re.compile(r"\(([^()]*)\)")
_ARTICLES = "the|an?|les?|las?|los?|l|une?|el|il|die|der|das|den|det|de"
_ARTICLE_BEHIND = re.compile(rf"\s*,\s*(?:{_ARTICLES})'?\s*$", re.IGNORECASE)
_ARTICLE_BEFORE = re.compile(rf"^(?:{_ARTICLES})\s+(?=\S)")


def near_titles(title: str, titles: Iterable[str], most: int = 3) -> list[str]:
    """Returns the titles that `title` may mean, the likeliest first.

    Titles with the same words come first, then those that begin with these words, those that contain them,
    and those with a similar spelling. Ties are broken by the same year, then by the order of `titles`.

    Args:
        title: title as the user typed it.
        titles: all titles of the catalogue, most popular first.
        most: maximum number of suggestions.
    """
    asked, year = _plain(_without_year(title)), _year(title)
    if not asked:
        return []
    names: dict[str, list[str]] = {}
    for each in titles:
        for name in _names(each):
            names.setdefault(name, []).append(each)
    alike = set(difflib.get_close_matches(asked, names, n=5 * most, cutoff=0.75))
    place = {each: number for number, each in enumerate(titles)}
    nearness: dict[str, tuple[float, bool, int]] = {}
    for name, of in names.items():
        if name == asked:
            tier = 0.0
        elif name.startswith(f"{asked} "):
            tier = 1.0
        elif f" {asked} " in f" {name} ":
            tier = 2.0
        elif name in alike:
            tier = 4.0 - difflib.SequenceMatcher(None, asked, name).ratio()
        else:
            continue
        for each in of:
            rank = (tier, year is not None and _year(each) != year, place[each])
            nearness[each] = min(rank, nearness.get(each, rank))
    return sorted(nearness, key=nearness.__getitem__)[:most]


def _names(title: str) -> set[str]:
    """Returns the names of an item: its title, and other titles in parentheses, as MovieLens has them."""
    bare = _without_year(title)
    others = [other.removeprefix("a.k.a. ") for other in _IN_PARENTHESES.findall(bare)]
    return {_plain(name) for name in (bare, _IN_PARENTHESES.sub(" ", bare), *others)} - {""}


def _plain(name: str) -> str:
    """Returns the name in lower case, without accents, punctuation and a leading or trailing article."""
    name = _ARTICLE_BEHIND.sub("", name)
    letters = (c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    words = "".join(c if c.isalnum() else " " for c in "".join(letters).casefold()).split()
    return _ARTICLE_BEFORE.sub("", " ".join(words))


def _without_year(title: str) -> str:
    return _YEAR.sub("", title)


def _year(title: str) -> str | None:
    found = _YEAR.search(title)
    return found and found[1]

"""Strict parsing of query parameters: an unknown or invalid one is an error."""

from collections.abc import Iterable
from typing import NoReturn

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

_LETTERS = 300  # maximum number of characters of a value


class Query:
    """Reads query parameters; raises HTTPException 400, with a sentence, for an invalid one.

    Args:
        params: query parameters of the request.
        names: names of the parameters that the page accepts.
    """

    def __init__(self, params: QueryParams, *names: str):
        self._params = params
        for name in params:
            if name not in names:
                known = f"it has {', '.join(names)}" if names else "it has none"
                _refuse(f"This page has no parameter {_cut(name)}: {known}.")
        for name, value in params.multi_items():
            if len(value) > _LETTERS:
                _refuse(f"{name} has {len(value):,} characters; the maximum is {_LETTERS}.")

    def text(self, name: str) -> str:
        """Returns a value without surrounding blanks; empty if it is not given."""
        return self._params.get(name, "").strip()

    def texts(self, name: str) -> list[str]:
        """Returns all non-empty values of a parameter that may be repeated."""
        return [value for each in self._params.getlist(name) if (value := each.strip())]

    def number(self, name: str, otherwise: int, low: int = 0, high: int = 10**9) -> int:
        """Returns an integer; `otherwise` if it is not given."""
        text = self.text(name)
        if not text:
            return otherwise
        number = int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
        if number is None or not low <= number <= high:
            _refuse(f"{name} is {_cut(text)}: expected a whole number from {low} to {high:,}.")
        return number

    def choice(self, name: str, choices: Iterable[str], otherwise: str) -> str:
        """Returns one of `choices`; `otherwise` if it is not given."""
        text, choices = self.text(name), list(choices)
        if text and text not in choices:
            _refuse(f"{name} is {_cut(text)}: expected one of {', '.join(choices)}.")
        return text or otherwise

    def flag(self, name: str, word: str) -> bool:
        """Returns whether `name=word` is given."""
        return self.choice(name, (word,), "") == word


def page_of(query: Query) -> int:
    """Returns the page number of a long table, from 1."""
    return query.number("page", 1, low=1)


def _cut(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"


def _refuse(sentence: str) -> NoReturn:
    raise HTTPException(400, sentence)

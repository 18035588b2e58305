"""What somebody says of themselves, as it is typed: features of users, each with a value of its type.

A recommender whose models know people by features takes them in `recommend_for_history_of_user`. Which ones,
and of what shape, every server tells with the signature; their types and words come from the description of
the data, which the embedded server has over REST.
"""

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from serving.client.client import Client
from serving.contract import OF_USER, user_features
from serving.errors import ServingError
from serving.signature import TensorSpec

NO_TIME = int(np.iinfo(np.int64).min)
_NAMED = 8  # values that an error names


@dataclass(frozen=True)
class UserFeature:
    """A feature of users that a recommender takes.

    Args:
        name: name of the input.
        type: `category`, `categories`, `number`, `text`, `time` or `vector`, as far as it is known.
        length: number of numbers of a vector.
        values: known words, the most frequent first; () if they are not known.
        complete: whether every other word is unknown to the models.
        prefix: number of characters by which words are told apart; None: all.
        low, high: least and greatest number or time in train; None if not known.
    """

    name: str
    type: str
    length: int = 0
    values: tuple[str, ...] = field(default=())
    complete: bool = False
    prefix: int | None = None
    low: float | None = None
    high: float | None = None

    @property
    def unsaid(self) -> Any:
        """Returns the value of one row that does not give the feature."""
        match self.type:
            case "number":
                return math.nan
            case "time":
                return NO_TIME
            case "vector":
                return [0.0] * self.length
            case "categories":
                return [""]
        return ""

    def read(self, typed: Sequence[str]) -> Any:
        """Returns the value of one row that was typed; more than one value is for categories alone.

        Raises:
            ServingError: it is no value of this feature.
        """
        if self.type == "categories":
            return [self._word(word) for word in typed]
        if len(typed) > 1:
            raise ServingError(
                f"{self.name} has {len(typed)} values: {', '.join(typed)}",
                f"It is a {self.type}: give one.",
            )
        (text,) = typed
        reader: dict[str, Callable[[str], Any]] = {
            "category": self._word,
            "number": self._number,
            "time": self._time,
            "vector": self._vector,
        }
        return reader.get(self.type, str)(text)

    def _word(self, text: str) -> str:
        meant = text.strip()
        if self.complete and meant[: self.prefix] not in self.values:
            raise ServingError(
                f'train has no {self.name} "{meant}"',
                f"It has {_listed(self.values)}.",
            )
        return meant

    def _number(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or abs(number) > float(np.finfo(np.float32).max):
            there = f", as {self.low:g} to {self.high:g} in train" if self.low is not None else ""
            raise ServingError(f'{self.name}: "{text}" is not a number', f"Give one{there}.")
        return number

    def _time(self, text: str) -> int:
        text = text.strip()
        try:
            if text.lstrip("+-").isdecimal() and len(text.lstrip("+-")) > 4:
                return int(np.int64(int(text)))
            moment = datetime.datetime.fromisoformat(text)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
            return int(moment.timestamp())
        except (ValueError, OverflowError):
            raise ServingError(
                f'{self.name}: "{text}" is not a time',
                "Give a date such as 2024-05-31, or seconds since 1970.",
            ) from None

    def _vector(self, text: str) -> list[float]:
        try:
            numbers = [float(each) for each in text.replace(",", " ").split()]
        except ValueError:
            numbers = []
        if len(numbers) != self.length or not all(map(math.isfinite, numbers)):
            raise ServingError(
                f'{self.name}: "{text}" is not a vector of {self.length} numbers',
                "Give them with blanks between.",
            )
        return numbers


def known_user_features(client: Client) -> dict[str, UserFeature]:
    """Returns the features of users that the served recommender takes, by name; `{}` if it takes none.

    Raises:
        ServingError: there is no server, or no recommender.
    """
    described = client.description("recommender").get("user_features")
    described = described if isinstance(described, dict) else {}
    specs = user_features(client.signatures("recommender"), client.names("recommender"))
    return {name: _feature(name, spec, described.get(name, {})) for name, spec in specs.items()}


def said_features(typed: Sequence[str], known: Mapping[str, UserFeature]) -> dict[str, Any]:
    """Returns one row of every feature's input, for features typed as `name=value`.

    Args:
        typed: names and values; a feature of type categories may be repeated.
        known: the features that the recommender takes.

    Raises:
        ServingError: the recommender takes no such feature, or it is no value of it.
    """
    if not known:
        raise ServingError(
            f"the served recommender knows users by no feature, so not by {typed[0]}",
            f"Its data describe none, its models learn from none, or it is older than {OF_USER}.",
        )
    given: dict[str, list[str]] = {}
    for each in typed:
        name, equals, value = each.partition("=")
        name = name.strip()
        if not equals or not value.strip():
            raise ServingError(f'"{each}" has no value', f"Write {_example(known)}.")
        if name not in known:
            raise ServingError(
                f"there is no feature of users called {name}",
                f"The recommender knows {', '.join(sorted(known))}.",
            )
        given.setdefault(name, []).append(value)
    return {
        name: [feature.read(given[name]) if name in given else feature.unsaid]
        for name, feature in known.items()
    }


def _feature(name: str, spec: TensorSpec, described: Mapping[str, Any]) -> UserFeature:
    """Returns a feature; without a description, its type as far as the signature tells it."""
    shape = spec.shape or (-1,)
    by_dtype = {"float": "number" if len(shape) == 1 else "vector", "int64": "time"}
    told = by_dtype.get(spec.dtype, "text" if len(shape) == 1 else "categories")
    return UserFeature(
        name,
        type=str(described.get("type") or told),
        length=shape[1] if len(shape) == 2 and spec.dtype == "float" else 0,
        values=tuple(map(str, described.get("values") or ())),
        complete=bool(described.get("complete")),
        prefix=described.get("prefix"),
        low=described.get("low"),
        high=described.get("high"),
    )


def _example(known: Mapping[str, UserFeature]) -> str:
    name = min(known)
    return f"{name}={(known[name].values or ('value',))[0]}"


def _listed(values: Sequence[str]) -> str:
    more = len(values) - _NAMED
    return ", ".join(values[:_NAMED]) + (f" and {more} more" if more > 0 else "")

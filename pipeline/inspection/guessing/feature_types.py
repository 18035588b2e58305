"""The type of a feature, from its cells: category, categories, number, text, vector or time."""

import re
from collections import Counter
from dataclasses import dataclass

from pipeline.inspection.looking.profiles import Profile
from pipeline.inspection.names import CODES, PERSONAL, plain
from trainer.data.description import Categories, Category, Feature, Number, Text, Time, Vector

SEPARATORS = ("|", ";", ", ", ",", "/")
_TIME_NAMES = re.compile(r"(date|time|at|ts|since|released|created|updated|published)$")
_FEW = 50


@dataclass(frozen=True)
class FeatureGuess:
    """A guess of a feature.

    Attributes:
        column: the column.
        feature: the feature; None: it was left out.
        why: the reason, and what is in it.
    """

    column: str
    feature: Feature | None
    why: str


def guess_feature(profile: Profile, owner: str) -> FeatureGuess:
    """Guesses the type of a feature, or why it should be none.

    Args:
        profile: the column.
        owner: what it belongs to: `user`, `item` or `context`.
    """
    return _Guesser(profile, owner).guess()


class _Guesser:
    """The rules, the surest first."""

    def __init__(self, profile: Profile, owner: str):
        self._profile = profile
        self._owner = owner
        self._common = {
            "column": profile.name,
            **({"none": profile.none_words} if profile.none_words else {}),
        }

    def guess(self) -> FeatureGuess:
        profile = self._profile
        if not profile.values:
            return self._left_out("it is empty")
        if profile.nested:
            return self._left_out("it holds objects")
        if self._owner == "user" and plain(profile.name) in PERSONAL:
            return self._left_out("it names a person")
        if profile.lists:
            return self._of_lists()
        if profile.distinct == 1:
            return self._left_out(f"every row says {next(iter(profile.values))[:20]!r}")
        for rule in (self._time, self._code, self._vector, self._number, self._categories):
            if found := rule():
                return found
        return self._of_words()

    def _found(self, feature: Feature, why: str) -> FeatureGuess:
        gaps = f", {self._profile.missing:.0%} without" if self._profile.missing >= 0.005 else ""
        return FeatureGuess(self._profile.name, feature, why + gaps)

    def _left_out(self, why: str) -> FeatureGuess:
        return FeatureGuess(self._profile.name, None, why)

    def _of_lists(self) -> FeatureGuess:
        shortest, longest = self._profile.lengths
        fractions = any(isinstance(each, float) for cell in self._profile.present for each in cell)
        words = any(not isinstance(each, int | float) for cell in self._profile.present for each in cell)
        if not words and shortest == longest > 1 and fractions:
            vector = Vector(length=longest, **self._common)
            return self._found(vector, f"lists of {longest} numbers each")
        if any(isinstance(each, dict | list) for cell in self._profile.present for each in cell):
            return self._left_out("its lists hold objects or lists")
        mean = self._profile.values.total() / len(self._profile.present)
        why = f"lists, {mean:.1f} of {self._profile.distinct:,} words each"
        return self._found(Categories(**self._common), why)

    def _time(self) -> FeatureGuess | None:
        unit = self._profile.time_unit
        if unit is None or (unit != "iso" and not _TIME_NAMES.search(plain(self._profile.name))):
            return None
        written = "ISO 8601" if unit == "iso" else f"since 1970 in {unit}"
        return self._found(Time(unit=unit, **self._common), f"times, {written}")

    def _code(self) -> FeatureGuess | None:
        profile = self._profile
        if profile.numbers is None:
            return None
        zeros = any(len(value) > 1 and value.startswith("0") and value.isdigit() for value in profile.values)
        if zeros or plain(profile.name) in CODES:
            why = "numbers with leading zeros, so codes" if zeros else "numbers that are codes by their name"
            return self._found(Category(**self._common), f"{why}, {profile.distinct:,}")
        if set(profile.numbers) <= {0.0, 1.0}:
            return self._found(Category(**self._common), "0 or 1")
        if plain(profile.name).endswith("id") and profile.integers:
            if profile.unique > 0.9:
                return self._left_out("it is another id")
            return self._found(Category(**self._common), f"ids, {profile.distinct:,} of them")
        return None

    def _number(self) -> FeatureGuess | None:
        numbers = self._profile.numbers
        if numbers is None:
            return None
        if (
            self._profile.integers
            and self._profile.unique == 1
            and self._profile.step == 1
            and len(numbers) > _FEW
        ):
            return self._left_out("it numbers the rows")
        words = self._profile.no_numbers
        common = {**self._common, "none": (*self._profile.none_words, *words)} if words else self._common
        taken = f"; taken as no value: {', '.join(words)[:40]}" if words else ""
        return self._found(Number(**common), f"{numbers[0]:,g} to {numbers[-1]:,g}{taken}")

    def _vector(self) -> FeatureGuess | None:
        for separator in (" ", ",", ";", "|"):
            rows = [value.strip("[]() ").split(separator) for value in list(self._profile.values)[:200]]
            length = len(rows[0])
            if length < 4 or any(len(row) != length for row in rows):
                continue
            if all(
                re.fullmatch(r"-?\d*\.?\d+(e[+-]?\d+)?", cell.strip(), re.I) for row in rows for cell in row
            ):
                vector = Vector(length=length, separator=separator, **self._common)
                return self._found(vector, f"{length} numbers in each cell")
        return None

    def _categories(self) -> FeatureGuess | None:
        cells = self._profile.values
        for separator in SEPARATORS:
            several = sum(count for value, count in cells.items() if separator in value)
            if several < 0.2 * cells.total():
                continue
            parts = Counter(
                part.strip() for value in cells for part in value.split(separator) if part.strip()
            )
            words = sum(len(part.split()) for part in parts) / len(parts)
            again = parts.total() / len(parts)
            if words <= 2.5 and again >= 1.5 and len(parts) < len(cells):
                why = f"several words in a cell, {separator!r} between, {len(parts):,} different"
                return self._found(Categories(separator=separator.strip(), **self._common), why)
        return None

    def _of_words(self) -> FeatureGuess:
        profile = self._profile
        if profile.words > 3:
            return self._found(Text(**self._common), f"{profile.words:.0f} words in a cell")
        # Of a few rows any word may be the only one of its kind.
        if profile.distinct <= _FEW or profile.unique <= 0.5:
            words = ", ".join(word[:15] for word, _ in profile.values.most_common(3))
            more = ", …" if profile.distinct > 3 else ""
            return self._found(Category(**self._common), f"{profile.distinct:,} words: {words}{more}")
        if profile.words >= 1.5:
            return self._found(Text(**self._common), "few words, mostly different ones")
        return self._left_out("nearly every row has a word of its own")

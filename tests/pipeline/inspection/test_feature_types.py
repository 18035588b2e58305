"""The type of a feature follows from its cells."""

import pytest

from pipeline.inspection.guessing.feature_types import guess_feature
from pipeline.inspection.looking.profiles import Profile

DAYS = [f"2024-01-{day:02}" for day in range(1, 29)]


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("country", ["DE", "FR", "DE", "US"], {"type": "category"}),
        ("price", ["2.5", "3", "", "9.99"], {"type": "number"}),
        ("price", ["2.5", "3", "n/a", "9.99"], {"type": "number", "none": ("n/a",)}),
        ("age", [20, 30, None, 41], {"type": "number"}),
        ("pages", ["tbd", *map(str, range(100, 400, 2))], {"type": "number", "none": ("tbd",)}),
        ("zip", ["55105", "94043", "10001"], {"type": "category"}),
        ("code", ["0071", "0082", "1003"], {"type": "category"}),
        ("flag", ["0", "1", "1", "0"], {"type": "category"}),
        ("genres", ["Drama|Crime", "Drama", "Crime|Comedy", "Comedy|Drama", "Crime"], {"type": "categories"}),
        ("tags", ["a;b", "b;c", "c;a", "a", "b"], {"type": "categories", "separator": ";"}),
        ("tags", [["a", "b"], [], ["b"]], {"type": "categories"}),
        ("tags", [[1, 2], [3], [1, 3]], {"type": "categories"}),
        ("embedding", [[0.1, 0.2], [0.3, 0.5], [0.0, 1.0]], {"type": "vector", "length": 2}),
        ("embedding", ["0.1 0.2 0.3 0.4", "1 2 3 4.5"], {"type": "vector", "length": 4}),
        ("summary", [f"a story of {n} men in a boat" for n in range(9)], {"type": "text"}),
        ("released", DAYS, {"type": "time", "unit": "iso"}),
        ("created_at", [str(1_600_000_000 + n) for n in range(9)], {"type": "time", "unit": "s"}),
        ("created_at", [str(1_600_000_000_000 + n) for n in range(9)], {"type": "time", "unit": "ms"}),
    ],
)
def test_types(name, cells, expected):
    feature = guess_feature(Profile(name, tuple(cells)), "item").feature

    given = feature.model_dump(exclude_defaults=True, exclude={"column"})
    assert {"type": feature.type, **given} == expected


@pytest.mark.parametrize(
    ("name", "cells", "why"),
    [
        ("empty", ["", None, ""], "empty"),
        ("same", ["x", "x", "x"], "every row says 'x'"),
        ("row", [str(n) for n in range(80)], "numbers the rows"),
        ("imdb_id", [str(7 * n * n) for n in range(80)], "another id"),
        ("link", [f"https://shop.example/{n}" for n in range(80)], "a word of its own"),
        ("email", ["a@b.de", "c@d.fr"], "names a person"),
        ("nested", [{"a": 1}, {"a": 2}], "objects"),
    ],
)
def test_what_cannot_be_learned_from_is_left_out_with_a_reason(name, cells, why):
    guess = guess_feature(Profile(name, tuple(cells)), "user")

    assert guess.feature is None
    assert why in guess.why

"""Exchanges for tests, made by hand and by Hypothesis."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from serving.prediction_log.exchange import Exchange


def strings(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def exchange(user=b"42", model="ranking", **changes):
    """A rating of 4.25 for one user, answered at 2026-11-26 03:00:00.25 UTC."""
    made = Exchange(
        time=1795662000.25,
        model=model,
        version=3,
        signature="serving_default",
        protocol="REST",
        seconds=0.0015,
        inputs={"user_id": strings(user), "movie_title": strings(b"Speed (1994)")},
        outputs={"user_rating": np.array([4.25], np.float32)},
    )
    return made._replace(**changes)


_shapes = hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=3)
_arrays = st.one_of(
    _shapes.flatmap(lambda shape: hnp.arrays(object, shape, elements=st.binary(max_size=8))),
    hnp.arrays(np.float32, _shapes, elements=st.floats(width=32)),
    hnp.arrays(np.int32, st.one_of(st.just(()), _shapes)),
    hnp.arrays(np.bool_, _shapes),
)
_sides = st.dictionaries(st.sampled_from(["user_id", "k", "movie_title", "größe"]), _arrays, max_size=3)
EXCHANGES = st.builds(
    Exchange,
    time=st.integers(1, 2**32).map(float),
    model=st.sampled_from(["ranking", "empfänger"]),
    version=st.integers(1, 2**40),
    signature=st.sampled_from(["serving_default", "recommend"]),
    protocol=st.just(""),
    seconds=st.none(),
    inputs=_sides,
    outputs=_sides,
)


def assert_same(found, expected):
    """The same exchanges as far as every log can tell: the width of a number, say, is lost in JSON."""
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one[:4] == other[:4]
        for side in ("inputs", "outputs"):
            assert getattr(one, side).keys() == getattr(other, side).keys()
            for name, array in getattr(other, side).items():
                np.testing.assert_array_equal(getattr(one, side)[name].astype(array.dtype), array)

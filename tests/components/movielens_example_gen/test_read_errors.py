"""What cannot be read is said in words, whoever reads it."""

import pytest
import tensorflow as tf

from components.movielens_example_gen.reading.read_errors import read_errors_told
from marquee.errors import DataError


@pytest.mark.parametrize("read", [open, lambda path: tf.io.gfile.GFile(path).read()])
def test_an_error_of_the_system_or_of_tensorflow_names_the_file(tmp_path, read):
    missing = str(tmp_path / "ratings.csv")
    with (
        pytest.raises(DataError, match=r"ratings\.csv: cannot be read: .*No such file"),
        read_errors_told(missing),
    ):
        read(missing)


def test_any_other_error_is_left_as_it_is():
    with pytest.raises(ZeroDivisionError), read_errors_told("ratings.csv"):
        1 / 0  # noqa: B018

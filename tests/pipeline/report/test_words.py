import pytest

from pipeline.report import words


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (words.number(0.91984), "0.9198"),
        (words.number(28357), "28,357"),
        (words.number(None), "–"),
        (words.short(0.0241475), "0.02415"),
        (words.short(["age", "year"]), "age, year"),
        (words.share(0.1774), "17.7 %"),
        (words.signed(-0.01), "−0.0100"),
        (words.signed(0.00001), "±0"),
        (words.duration(0.288), "0.3 s"),
        (words.duration(59.6), "1 min 0 s"),
        (words.duration(125), "2 min 5 s"),
        (words.duration(3720), "1 h 2 min"),
        (words.moment(0), "1970-01-01 00:00 UTC"),
        (words.interval(0.1, 0.25, 2), "0.10 to 0.25"),
        (words.interval(None, None), "–"),
        (words.plural(1, "node"), "1 node"),
    ],
)
def test_numbers_are_written_as_a_person_reads_them(said, expected):
    assert said == expected

"""Notes on a run's data, in sentences: guesses, omissions and oddities."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from components.movielens_example_gen import splits
from components.movielens_example_gen.config import DataConfig
from components.movielens_example_gen.files.data_files import Layout
from components.movielens_example_gen.reading.catalog import Catalog
from components.movielens_example_gen.survey import Survey
from marquee.errors import DataError
from trainer.data.description import Nouns

FEW_RATINGS = 100


def told_of_files(layouts: Sequence[Layout], catalog: Catalog) -> list[str]:
    """Describes how the files were read, if their names do not make it plain; each sentence once."""
    notes = [note for layout in layouts for file in layout.ratings for note in file.notes]
    if not any(layout.items for layout in layouts):
        if layouts[-1].kind == "described":
            notes.append(f"there is no file of {catalog.description.nouns.of_items()}: ids stand for titles")
        else:
            notes.append("there is no file of movies: ids stand for titles, and no film has a genre")
    return list(dict.fromkeys([*notes, *catalog.notes]))


def told_of_ratings(survey: Survey, rows: int, config: DataConfig) -> list[str]:
    """Describes what is odd about the ratings themselves.

    Args:
        survey: what was seen of them.
        rows: how many there are in the three splits.
        config: how they were split.
    """
    nouns = config.description.nouns
    ratings = "ratings" if config.description.feedback == "explicit" else "interactions"
    notes = []
    if survey.repeated:
        notes.append(
            f"{survey.repeated:,} {ratings} repeat a pair of {nouns.user} and {nouns.item} that is there "
            f"already; all are kept, and {_where(survey, config.split.kind, nouns)}"
        )
    if len(survey.users) == 1:
        notes.append(
            f"there is one {nouns.user}: what others like cannot be learned, and lists are the most popular "
            f"{nouns.of_items()}"
        )
    if len(survey.movies) == 1:
        notes.append(f"there is one {nouns.item}: there is nothing to choose from")
    if rows < FEW_RATINGS:
        notes.append(f"there are {rows} {ratings}: too few for any of the numbers below to mean much")
    return notes


def told_of_events(skipped: Counter[str]) -> list[str]:
    """Says how many rows were left out because the description does not name their event type."""
    if not skipped:
        return []
    kinds = ", ".join(f"{event[:40]!r} {count:,}" for event, count in skipped.most_common(5))
    more = f" and {len(skipped) - 5} other types" if len(skipped) > 5 else ""
    return [f"{skipped.total():,} rows of event types that are not described are left out: {kinds}{more}"]


def told_of_times(late: int, early: int) -> list[str]:
    """What is odd about the times of the ratings: how many came out too late, and too early, to be true."""
    said = [(late, "beyond the year 5138"), (early, "before March 1973")]
    return [
        f"{count:,} time{' is' if count == 1 else 's are'} {when}: "
        f"{'is it' if count == 1 else 'are some'} in another unit?"
        for count, when in said
        if count
    ]


def _where(survey: Survey, kind: str, nouns: Nouns) -> str:
    if kind in splits.ROW_BY_ROW:
        return f"each is in the split of the first, and {survey.parted:,} were moved there"
    name = kind.replace("_", " ")
    if kind == "temporal":
        return f"the {name} split puts each where its own time puts it"
    return f"the {name} split has those of one {nouns.user} and {nouns.item} on one side"


def check_stars(extremes: Sequence[float], rows: int) -> None:
    """Refuses training ratings that are all equal.

    Args:
        extremes: the least and the most of each piece.
        rows: how many ratings there are in train.

    Raises:
        DataError: least and most are one.
    """
    if extremes and min(extremes) == max(extremes):
        raise DataError(
            f"All {rows:,} ratings in train are {extremes[0]:g}: a ranking model has nothing to learn.",
            "Give ratings that differ. Views or clicks without stars cannot be rated; if the file has stars, "
            "check which column is called rating.",
        )


@contextmanager
def also_saying(notes: Sequence[str]) -> Iterator[None]:
    """Adds notes on the data to the hint of a DataError."""
    try:
        yield
    except DataError as error:
        if not notes:
            raise
        lines = "\n".join(f"  {note}" for note in notes)
        raise DataError(error.message, f"{error.hint}\nHow the data was read:\n{lines}") from None

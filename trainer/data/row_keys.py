"""What the rows of a model's tables belong to, so that they are found again when the catalogue has grown."""

from trainer.data.attributes import AGE_GROUPS, ZIP_DIGITS
from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import Feature
from trainer.data.side_features import YEARS_A_BIN, categories
from trainer.data.title_words import title_words

UNKNOWN = ""  # the key of row 0, where a table has a row for the unknown
WORDS = "words"  # those of titles


def row_keys(catalogue: Catalogue, owner: str) -> tuple[str, ...]:
    """The key of each row, in the order of the tables' rows.

    Args:
        catalogue: of the model.
        owner: `user_id`, `movie_id`, any side feature but time, or `words` (of titles).
    """
    vocabularies = catalogue.vocabularies
    match owner:
        case Feature.GENRES:
            return vocabularies.movie_genres  # a film without a genre has none of the rows
        case "words":
            return title_words(catalogue.attributes.titles)[1]
        case "user_id":
            known = vocabularies.user_id
        case "movie_id":
            known = vocabularies.movie_id
        case Feature.AGE:
            known = AGE_GROUPS
        case Feature.GENDER:
            known = vocabularies.user_gender
        case Feature.OCCUPATION:
            known = vocabularies.user_occupation_text
        case Feature.ZIP:
            known = tuple(str(digit) for digit in range(ZIP_DIGITS))
        case Feature.YEAR:
            known = _years(catalogue)
        case _:
            raise ValueError(f"{owner} has no rows")
    return (UNKNOWN, *known)


def _years(catalogue: Catalogue) -> tuple[str, ...]:
    """A year near the middle of each bin, off by one at most: of every third year the same ones for all.

    Bins start at train's oldest film, so one that is older still moves all of them.
    """
    years, bins = catalogue.attributes.years(), categories(catalogue, Feature.YEAR)[1] - 1
    first = years[years > 0].min() if bins else 0
    middles = (first + place * YEARS_A_BIN + YEARS_A_BIN // 2 for place in range(bins))
    return tuple(str(middle - middle % YEARS_A_BIN + YEARS_A_BIN // 2) for middle in middles)

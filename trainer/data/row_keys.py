"""Keys of the rows of a model's tables, by which a warm start matches them when the catalogue has grown."""

from trainer.data.attributes import AGE_GROUPS, ZIP_DIGITS
from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import Feature
from trainer.data.side_features import YEARS_A_BIN, categories
from trainer.data.title_words import title_words

UNKNOWN = ""  # the key of row 0, if a table has an out-of-vocabulary row
WORDS = "words"  # the owner of a table of title words


def row_keys(catalogue: Catalogue, owner: str) -> tuple[str, ...]:
    """Returns the key of each row, in the order of the table's rows.

    Args:
        catalogue: the catalogue of the model.
        owner: the table's owner: `user_id`, `movie_id`, any side feature but time, or `words` (of titles).
    """
    vocabularies = catalogue.vocabularies
    match owner:
        case Feature.GENRES:
            return (
                vocabularies.movie_genres
            )  # no row for unknown: a film without a genre uses none of the rows
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
    """Returns a year within one of the middle of each bin, always from the same grid of every third year.

    Bins start at train's oldest film, so an older film shifts all of them.
    """
    years, bins = catalogue.attributes.years(), categories(catalogue, Feature.YEAR)[1] - 1
    first = years[years > 0].min() if bins else 0
    middles = (first + place * YEARS_A_BIN + YEARS_A_BIN // 2 for place in range(bins))
    return tuple(str(middle - middle % YEARS_A_BIN + YEARS_A_BIN // 2) for middle in middles)

"""Side features as integer tables by user and by film, which a graph can gather from."""

from collections.abc import Iterable

import numpy as np

from trainer.data.attributes import AGE_GROUPS, ZIP_DIGITS
from trainer.data.catalogue import Catalogue
from trainer.data.feature_options import Feature

YEARS_A_BIN = 3


def categories(catalogue: Catalogue, feature: Feature) -> tuple[np.ndarray, int]:
    """Returns a categorical feature, int32 [users + 1 or movies + 1] (0: unknown), and its category count."""
    attributes, vocabularies = catalogue.attributes, catalogue.vocabularies
    match feature:
        case Feature.AGE:
            return attributes.age, 1 + len(AGE_GROUPS)
        case Feature.GENDER:
            return attributes.gender, 1 + len(vocabularies.user_gender)
        case Feature.OCCUPATION:
            return attributes.occupation, 1 + len(vocabularies.user_occupation_text)
        case Feature.ZIP:
            return attributes.zip, 1 + ZIP_DIGITS
        case Feature.YEAR:
            return _year_bins(attributes.years())
    raise ValueError(f"{feature} has no categories")


def genre_weights(catalogue: Catalogue) -> np.ndarray:
    """Returns 1 / √(number of genres) for each genre that a film has: float32 [movies + 1, genres]."""
    genres = catalogue.attributes.genres.astype(np.float32)
    return genres / np.sqrt(np.maximum(genres.sum(axis=1, keepdims=True), 1))


def category_weights(catalogue: Catalogue, feature: Feature) -> np.ndarray:
    """Returns any feature but time as weights by category: float32 [users + 1 or movies + 1, categories]."""
    if feature == Feature.GENRES:
        return genre_weights(catalogue)
    table, count = categories(catalogue, feature)
    return np.eye(count, dtype=np.float32)[table]


def known(catalogue: Catalogue, features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Returns those of `features` that have any value in the data set."""

    def has(feature: Feature) -> bool:
        match feature:
            case Feature.GENRES:
                return bool(catalogue.attributes.genres.any())
            case Feature.TIME:
                return catalogue.last_time > catalogue.first_time
        return bool(categories(catalogue, feature)[0].any())

    return tuple(feature for feature in features if has(feature))


def _year_bins(years: np.ndarray) -> tuple[np.ndarray, int]:
    if not years.any():
        return years, 1
    bins = np.where(years > 0, 1 + (years - years[years > 0].min()) // YEARS_A_BIN, 0).astype(np.int32)
    return bins, int(bins.max()) + 1

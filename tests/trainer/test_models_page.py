import re
from pathlib import Path

import pytest
import tensorflow as tf

from trainer import catalogue as catalogues
from trainer.features import MOVIE_ID, USER_ID
from trainer.ranking.registry import KINDS, build
from trainer.vocabularies import Vocabularies

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "models.md").read_text()
USERS, FILMS, GENRES, OCCUPATIONS = 943, 1682, 18, 21  # of MovieLens 100K


@pytest.fixture(scope="module")
def ml_100k():
    """A catalogue with as many of everything as MovieLens 100K has."""
    rows = range(FILMS)
    columns = {
        "user_id": [f"u{row % USERS}" for row in rows],
        "movie_id": [f"m{row}" for row in rows],
        "user_rating": [1.0 + row % 5 for row in rows],
        "timestamp": list(rows),
        "movie_title": [f"Film {row} ({1922 if row == 0 else 1998})" for row in rows],
        "movie_genres": [[f"genre {row % GENRES}"] for row in rows],
        "raw_user_age": [20.0 + row % 50 for row in rows],
        "user_gender": ["MF"[row % USERS % 2] for row in rows],
        "user_occupation_text": [f"job {row % USERS % OCCUPATIONS}" for row in rows],
        "user_zip_code": [f"{row % USERS % 10}" for row in rows],
    }
    return catalogues.from_columns(columns, Vocabularies.from_columns(columns))[1]


def test_the_page_has_a_section_a_kind():
    assert set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE)) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_section_has_a_diagram_a_source_and_the_true_number_of_parameters(kind, ml_100k):
    section = re.search(rf"^## {kind}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    model = build(KINDS[kind](), ml_100k)
    model({USER_ID: tf.constant([1]), MOVIE_ID: tf.constant([1])})

    assert "```mermaid" in section
    assert "](https://" in section
    assert f"Parameters: **{model.count_params():,}**" in section

import re
from pathlib import Path

import pytest
import tensorflow as tf

from components.movielens_example_gen.shipped import shipped
from trainer.data import catalogue as catalogues
from trainer.data.features import MOVIE_ID, USER_ID
from trainer.data.vocabularies import Vocabularies
from trainer.models.ranking import registry as ranking
from trainer.models.retrieval import registry as retrieval

DOCS = Path(__file__).resolve().parents[3] / "docs"
PAGES = {"models.md": ranking, "retrieval-models.md": retrieval}
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
    return catalogues.from_columns(columns, Vocabularies.from_columns(columns, shipped("movielens")))[1]


@pytest.mark.parametrize("page", PAGES)
def test_the_page_has_a_section_a_kind(page):
    text = (DOCS / page).read_text(encoding="utf-8")
    assert set(re.findall(r"^## (\w+)$", text, re.MULTILINE)) == set(PAGES[page].KINDS)


@pytest.mark.parametrize(
    ("page", "kind"), [(page, kind) for page, registry in PAGES.items() for kind in registry.KINDS]
)
def test_a_section_has_a_diagram_a_source_and_the_true_number_of_parameters(page, kind, ml_100k):
    text, registry = (DOCS / page).read_text(encoding="utf-8"), PAGES[page]
    section = re.search(rf"^## {kind}$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)[1]
    model = registry.build(registry.KINDS[kind](), ml_100k)
    model({USER_ID: tf.constant([1]), MOVIE_ID: tf.constant([1])})

    assert "```mermaid" in section
    assert "](https://" in section
    assert f"Parameters: **{model.count_params():,}**" in section

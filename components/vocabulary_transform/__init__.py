"""Transform whose vocabularies are counted by Arrow."""

from components.vocabulary_transform.component import VocabularyTransform

__all__ = ["VocabularyTransform"]

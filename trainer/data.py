"""Train and eval as every task reads them: once."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from trainer.catalogue import Catalogue, read_train
from trainer.ratings import Ratings
from trainer.vocabularies import Vocabularies


@dataclass(frozen=True, eq=False)
class RatingData:
    """Train and eval, read once; their files are there to be read again."""

    train: Ratings
    evaluation: Ratings
    catalogue: Catalogue
    train_files: Sequence[str] = ()
    eval_files: Sequence[str] = ()

    @classmethod
    def read(cls, train_files: Sequence[str], eval_files: Sequence[str], transform: str) -> "RatingData":
        """Reads files by glob patterns, with the vocabularies of the `transform` artifact.

        Raises:
            TrainingError: no files, no ratings or no vocabularies.
        """
        vocabularies = Vocabularies.from_transform(transform)
        ratings, catalogue = read_train(train_files, vocabularies)
        return cls(ratings, Ratings.from_files(eval_files, vocabularies), catalogue, train_files, eval_files)

    def fingerprint(self) -> str:
        """A checksum of train and eval."""
        checksum = 0
        for column in (*self.train.features().values(), *self.evaluation.features().values()):
            checksum = zlib.crc32(column, checksum)
        return f"{len(self.train)}-{len(self.evaluation)}-{checksum:08x}"

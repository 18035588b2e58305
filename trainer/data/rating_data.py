"""What a training reads, once: train and what stops it early, or everything that is known."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainer.data.catalogue import Catalogue, read_train
from trainer.data.count_vocabularies import count_vocabularies
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies


@dataclass(frozen=True, eq=False)
class RatingData:
    """What is learned from, and what stops early (None where nothing is held out).

    The files are there to be read again.
    """

    train: Ratings
    evaluation: Ratings | None
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

    @classmethod
    def of_everything(cls, files: Sequence[str]) -> "RatingData":
        """Reads files by glob patterns, learns from every rating in them, and knows every user and film.

        Raises:
            TrainingError: no files, or no ratings.
        """
        vocabularies = count_vocabularies(files)
        ratings, catalogue = read_train(files, vocabularies)
        return cls(ratings, None, catalogue, files)

    @classmethod
    def with_everything_seen(
        cls, train_files: Sequence[str], other_files: Sequence[str], transform: str
    ) -> tuple["RatingData", "RatingData"]:
        """Train as the judged model read it, and the same with what users rated in `other_files` as well.

        The second differs in the films that each user has watched, and so each film's users: of users and
        films that train knows. Its vocabularies, attributes, stars and times stay train's, so that the
        weights learned from train mean the same in it.

        Raises:
            TrainingError: no files, no ratings or no vocabularies.
        """
        vocabularies = Vocabularies.from_transform(transform)
        train, catalogue = read_train(train_files, vocabularies)
        known = Ratings.joined(train, Ratings.from_files(other_files, vocabularies)) if other_files else train
        seen = Catalogue.of(known, catalogue.attributes, vocabularies)
        whole = replace(catalogue, watched=seen.watched, watchers=seen.watchers)
        return cls(train, None, catalogue, train_files), cls(train, None, whole, train_files)

    def fingerprint(self) -> str:
        """A checksum of train and eval."""
        checksum, held_out = 0, self.evaluation.features() if self.evaluation is not None else {}
        for column in (*self.train.features().values(), *held_out.values()):
            checksum = zlib.crc32(column.data, checksum)
        return f"{len(self.train)}-{len(self.evaluation or ())}-{checksum:08x}"

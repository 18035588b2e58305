"""The data of a training run: train and the ratings for early stopping, or all ratings."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainer.data.catalogue import Catalogue, read_train
from trainer.data.count_vocabularies import count_vocabularies
from trainer.data.description import RATINGS, Description
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies


@dataclass(frozen=True, eq=False)
class RatingData:
    """The ratings to train on, and those for early stopping (None if nothing is held out).

    The file names are kept, so that the files can be read again.
    """

    train: Ratings
    evaluation: Ratings | None
    catalogue: Catalogue
    train_files: Sequence[str] = ()
    eval_files: Sequence[str] = ()

    @classmethod
    def read(
        cls,
        train_files: Sequence[str],
        eval_files: Sequence[str],
        transform: str,
        description: Description = RATINGS,
    ) -> "RatingData":
        """Reads files by glob patterns, with the vocabularies of the `transform` artifact.

        Raises:
            TrainingError: there are no files, no ratings or no vocabularies.
        """
        vocabularies = Vocabularies.from_transform(transform)
        ratings, catalogue = read_train(train_files, vocabularies, description)
        return cls(ratings, Ratings.from_files(eval_files, vocabularies), catalogue, train_files, eval_files)

    @classmethod
    def of_everything(
        cls,
        files: Sequence[str],
        description: Description = RATINGS,
    ) -> "RatingData":
        """Reads files by glob patterns; all ratings are for training, and all users and films are known.

        Raises:
            TrainingError: there are no files, or no ratings.
        """
        vocabularies = count_vocabularies(files)
        ratings, catalogue = read_train(files, vocabularies, description)
        return cls(ratings, None, catalogue, files)

    @classmethod
    def with_everything_seen(
        cls,
        train_files: Sequence[str],
        other_files: Sequence[str],
        transform: str,
        description: Description = RATINGS,
    ) -> tuple["RatingData", "RatingData"]:
        """Reads train as the judged model did, and a copy whose histories include `other_files`.

        The copy has more watched films per user, and so more users per film, for users and films that train
        knows. Its vocabularies, attributes, stars and times are train's, so that weights trained on train
        keep their meaning.

        Raises:
            TrainingError: there are no files, no ratings or no vocabularies.
        """
        vocabularies = Vocabularies.from_transform(transform)
        train, catalogue = read_train(train_files, vocabularies, description)
        known = Ratings.joined(train, Ratings.from_files(other_files, vocabularies)) if other_files else train
        seen = Catalogue.of(known, catalogue.attributes, vocabularies, description)
        whole = replace(catalogue, watched=seen.watched, watchers=seen.watchers)
        return cls(train, None, catalogue, train_files), cls(train, None, whole, train_files)

    def fingerprint(self) -> str:
        """Returns a checksum of train and eval."""
        checksum, held_out = 0, self.evaluation.features() if self.evaluation is not None else {}
        for column in (*self.train.features().values(), *held_out.values()):
            checksum = zlib.crc32(column.data, checksum)
        return f"{len(self.train)}-{len(self.evaluation or ())}-{checksum:08x}"

"""The data of a training run: train and the ratings for early stopping, or all ratings."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainer.data.catalogue import Catalogue, read_train
from trainer.data.count_vocabularies import count_vocabularies
from trainer.data.description import Description
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies


@dataclass(frozen=True, eq=False)
class RatingData:
    """The ratings to train on, and those for early stopping (None if nothing is held out).

    The names of eval's files are kept, since users whom train does not know are read from them.
    """

    train: Ratings
    evaluation: Ratings | None
    catalogue: Catalogue
    eval_files: Sequence[str] = ()

    @classmethod
    def read(
        cls,
        train_files: Sequence[str],
        eval_files: Sequence[str],
        transform: str,
        description: Description,
    ) -> "RatingData":
        """Reads files by glob patterns, with the vocabularies of the `transform` artifact.

        Raises:
            TrainingError: there are no files, no ratings or no vocabularies.
        """
        vocabularies = Vocabularies.from_transform(transform, description)
        ratings, catalogue = read_train(train_files, vocabularies)
        return cls(ratings, Ratings.from_files(eval_files, vocabularies), catalogue, eval_files)

    @classmethod
    def of_everything(cls, files: Sequence[str], description: Description) -> "RatingData":
        """Reads files by glob patterns; all ratings are for training, and all users and films are known.

        Raises:
            TrainingError: there are no files, or no ratings.
        """
        vocabularies = count_vocabularies(files, description)
        ratings, catalogue = read_train(files, vocabularies)
        return cls(ratings, None, catalogue)

    @classmethod
    def with_everything_seen(
        cls,
        train_files: Sequence[str],
        other_files: Sequence[str],
        transform: str,
        description: Description,
    ) -> tuple["RatingData", "RatingData"]:
        """Reads train as the judged model did, and a copy whose histories include `other_files`.

        The copy has more watched films per user, and so more users per film, for users and films that train
        knows. Its vocabularies, attributes, stars and times are train's, so that weights trained on train
        keep their meaning.

        Raises:
            TrainingError: there are no files, no ratings or no vocabularies.
        """
        vocabularies = Vocabularies.from_transform(transform, description)
        train, catalogue = read_train(train_files, vocabularies)
        known = Ratings.joined(train, Ratings.from_files(other_files, vocabularies)) if other_files else train
        seen = Catalogue.of(known, catalogue.attributes, vocabularies)
        whole = replace(
            catalogue, watched=seen.watched, watchers=seen.watchers, watched_times=seen.watched_times
        )
        return cls(train, None, catalogue), cls(train, None, whole)

    def fingerprint(self) -> str:
        """Returns a checksum of train and eval."""
        checksum, held_out = 0, self.evaluation.features() if self.evaluation is not None else {}
        for column in (*self.train.features().values(), *held_out.values()):
            checksum = zlib.crc32(column.data, checksum)
        return f"{len(self.train)}-{len(self.evaluation or ())}-{checksum:08x}"

"""The data of a report's plots that is computed from the splits and the models."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np

from components.run_report.data_profile import data_profile
from components.run_report.example_users import example_users
from components.run_report.film_map import film_map
from components.run_report.latency import latency
from components.run_report.lists import list_details, recommender_quality, retrieval_qualities
from components.run_report.predictions import Predictions
from components.run_report.ratings import rating_details
from marquee.errors import TrainingError
from marquee.progress import report as say
from trainer.data.catalogue import Catalogue, read_train
from trainer.data.description import Description
from trainer.data.features import TEST, TRAIN
from trainer.data.ratings import Ratings
from trainer.data.vocabularies import Vocabularies
from trainer.evaluation.held_out import HeldOut
from trainer.evaluation.quality import Quality
from trainer.export.saved_model import SavedModel
from trainer.judging.vectors import Vectors


@dataclass(frozen=True, eq=False)
class Study:
    """The splits, in the ids of train's vocabulary.

    Attributes:
        splits: the ratings by split.
        catalogue: the catalogue of train.
        held_out: the users' held-out films; None if test has no positives.
    """

    splits: Mapping[str, Ratings]
    catalogue: Catalogue
    held_out: HeldOut | None

    @classmethod
    def read(
        cls,
        files: Mapping[str, Sequence[str]],
        transform: str,
        min_rating: float | None,
        max_users: int | None,
        description: Description,
    ) -> "Study":
        """Reads the examples.

        Args:
            files: patterns by split, `train` and `test` among them.
            transform: the transform graph's folder.
            min_rating: stars from which a rating is a positive, or None.
            max_users: the largest number of users whose lists are judged, or None.
            description: the description of the data.
        """
        say("reading the splits", 0.2)
        vocabularies = Vocabularies.from_transform(transform, description)
        train, catalogue = read_train(files[TRAIN], vocabularies)
        splits = {
            name: train if name == TRAIN else Ratings.from_files(patterns, vocabularies)
            for name, patterns in files.items()
        }
        try:
            held_out = HeldOut.of_split(splits[TEST], files[TEST], catalogue, min_rating, max_users)
        except TrainingError:  # a run is reported all the same
            held_out = None
        return cls(splits, catalogue, held_out)

    def of(
        self, predictions: Predictions, models: Mapping[str, str], chances: bool = False
    ) -> tuple[dict[str, Quality | None], dict[str, Any]]:
        """What the lists are worth, by model (None where nothing is held out), and `details.json`.

        `details.json` has `described` (`nouns`, and `words`, the key of the feature that groups items),
        `data`, `ratings`, and where there are the models for it `lists`, `map`, `users`
        and `latency`: see the modules that are named so.

        Args:
            predictions: of the ranking model.
            models: paths of SavedModels, `retrieval` and `recommender` if they are there.
            chances: whether the predictions are chances of implicit feedback.
        """
        nouns = self.catalogue.description.nouns
        details: dict[str, Any] = {
            "described": {
                "nouns": {
                    "user": nouns.user,
                    "users": nouns.of_users(),
                    "item": nouns.item,
                    "items": nouns.of_items(),
                },
                "words": self.catalogue.description.grouping,
            },
            "data": data_profile(dict(self.splits), self.catalogue),
            "ratings": rating_details(predictions, self.catalogue, chances),
        }
        qualities: dict[str, Quality | None] = {}
        with ExitStack() as stack:
            loaded = {name: stack.enter_context(SavedModel(path)) for name, path in models.items()}
            retrieval, recommender = loaded.get("retrieval"), loaded.get("recommender")
            if retrieval:
                say("ranking the catalogue", 0.4)
                vectors = Vectors.read(retrieval, self.catalogue.vocabularies)
                qualities |= (
                    retrieval_qualities(retrieval, vectors, self.held_out)
                    if self.held_out
                    else dict.fromkeys(("retrieval", "retrieval_popularity"))
                )
                say("laying out the map", 0.6)
                details["map"] = film_map(vectors, self.catalogue)
            if recommender:
                say("recommending", 0.8)
                qualities |= (
                    recommender_quality(recommender, self.held_out)
                    if self.held_out
                    else {"recommender": None}
                )
                details["users"] = example_users(
                    recommender,
                    retrieval,
                    self.splits[TRAIN],
                    self.splits[TEST],
                    self.catalogue,
                    self._users(),
                )
                details["latency"] = latency(recommender, self.catalogue.vocabularies.user_id)
        if self.held_out and qualities:
            found = {name: quality for name, quality in qualities.items() if quality is not None}
            details["lists"] = list_details(found, self.held_out)
        return qualities, details

    def _users(self) -> np.ndarray:
        """Users of train, those of test where train knows them."""
        if self.held_out and self.held_out.met:
            return self.held_out.users
        return np.arange(1, self.catalogue.users)

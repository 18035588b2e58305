"""A proposal: what was found in the files, and the description and configuration that follow from it."""

from dataclasses import dataclass, field
from pathlib import Path

from components.movielens_example_gen.description import Described
from pipeline.inspection.guessing.feature_types import FeatureGuess
from pipeline.inspection.guessing.joins import Join
from pipeline.inspection.guessing.roles import Roles
from pipeline.inspection.looking.tables import Table


@dataclass(frozen=True)
class Part:
    """A file that describes items or users.

    Attributes:
        table: the file.
        id: its column of ids.
        title: its column of titles (items).
        features: by key, the features that are proposed.
        left_out: the columns that are not.
        join: how its ids meet those of the interactions; None: they are in the same file.
    """

    table: Table
    id: str
    title: str | None
    features: dict[str, FeatureGuess]
    left_out: tuple[FeatureGuess, ...]
    join: Join | None


@dataclass(frozen=True)
class Proposal:
    """What the files were taken for.

    Attributes:
        path: the data set, as the user named it.
        described: the description.
        interactions: the table of interactions.
        roles: the roles of its columns.
        context: by key, context features.
        left_out: columns of the interactions that have no role.
        items, users: the files of items and users.
        unused: files without a role, and why.
        doubts: what was not certain, as whole sentences.
    """

    path: Path
    described: Described
    interactions: Table
    roles: Roles
    context: dict[str, FeatureGuess] = field(default_factory=dict)
    left_out: tuple[FeatureGuess, ...] = ()
    items: Part | None = None
    users: Part | None = None
    unused: tuple[tuple[str, str], ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def explicit(self) -> bool:
        """Tells whether the feedback is explicit."""
        return self.described.interactions.rating is not None

    @property
    def users_seen(self) -> int:
        """Returns the number of users in the rows that were read."""
        return len(self.interactions.profiles[self.roles.user.column].ids)

    @property
    def items_seen(self) -> int:
        """Returns the number of items in the rows that were read."""
        return len(self.interactions.profiles[self.roles.item.column].ids)

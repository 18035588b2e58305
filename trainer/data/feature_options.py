"""Options that the configs of several kinds share: features, and the parts of a network."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from marquee.errors import ConfigError
from trainer.data.description import Description, Owner

ALL: Literal["all"] = "all"
AUTO: Literal["auto"] = "auto"

# Numbers that every data set has.
TIME = "time"  # of the request; of train's rating, when it was given
ACTIVITY = "activity"  # log of the number of films that the user has rated in train
POPULARITY = "popularity"  # log of the number of users who have rated the film in train

USER_SIDE, ITEM_SIDE = "user_id", "movie_id"  # the ids, in crosses


def _all_or_keys(given: Any) -> Any:
    if given != ALL and (isinstance(given, str) or not isinstance(given, Sequence)):
        raise ValueError("give all, or a list of features' keys")
    return given


def _auto_or_pairs(given: Any) -> Any:
    if given != AUTO and (isinstance(given, str) or not isinstance(given, Sequence)):
        raise ValueError("give auto, or a list of pairs of keys")
    return given


Names: TypeAlias = Literal["all"] | tuple[str, ...]

Crosses = Annotated[
    Literal["auto"] | tuple[tuple[str, str], ...],
    BeforeValidator(_auto_or_pairs),
]

Width = Annotated[int, Field(ge=1)]
Fields = Annotated[
    Names,
    BeforeValidator(_all_or_keys),
    Field(
        description="features of users and items, as fields beside the two ids: all, or their keys; ones "
        "that the data lacks are ignored"
    ),
]
FieldsInContext = Annotated[
    Names,
    BeforeValidator(_all_or_keys),
    Field(
        description="features of users, items and context (known when a request is made), as fields beside "
        "the two ids: all, or their keys; ones that the data lacks are ignored"
    ),
]
DenseFields = Annotated[
    Names,
    BeforeValidator(_all_or_keys),
    Field(
        description="features as numbers: all, or keys of numbers and times, `activity` and `popularity` "
        "(numbers of ratings in train), and `time` (of the request, not among all); ones that the data lacks "
        "are ignored"
    ),
]
Hidden = Annotated[tuple[Width, ...], Field(description="widths of the dense ReLU layers below the output")]
Dropout = Annotated[
    float,
    Field(ge=0, lt=1, description="dropout rate of the dense layers; slow with train.xla on a CPU"),
]
L2 = Annotated[float, Field(ge=0, description="regularization strength of the embeddings")]
Head = Annotated[
    Literal["ordinal", "squared", "chance"],
    Field(
        description="answer and loss. ordinal: the expected rating, by the likelihood of the observed one, "
        "on a scale of at most 20 ratings, else squared; squared: the rating, by squared error; chance: that "
        "of an interaction, by log loss against sampled negatives. Implicit data always have chance, ratings "
        "never",
    ),
]


def named_fields(description: Description, names: Names, context: bool = False) -> tuple[str, ...]:
    """Returns the keys of the features that a config names: users', items' and context's for `all`.

    Args:
        description: the features of the data.
        names: `all`, or keys.
        context: whether the kind of model learns context.

    Raises:
        ConfigError: no user or item has such a feature.
    """
    declared = (*description.user_features, *description.item_features)
    if context:
        declared = (*declared, *description.context_features)
    return declared if names == ALL else _declared(description, names, declared)


def named_numbers(description: Description, names: Names) -> tuple[str, ...]:
    """Returns the keys of the numbers that a config names; `all` leaves out the time of the request.

    Raises:
        ConfigError: there is no such number.
    """
    owners: tuple[Owner, ...] = ("user", "item", "context")
    users, items, context = (description.select(owner, "number", "time") for owner in owners)
    every = (*users, ACTIVITY, *items, POPULARITY, *context)
    return every if names == ALL else _declared(description, names, (*every, TIME))


def named_crosses(
    description: Description, names: Literal["auto"] | Sequence[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    """Returns pairs of a user's and an item's feature; `auto` makes them from the features' types.

    These are the user with the item's first words, the user's first category and first number with the item,
    and the user's other categories with the item's first words.

    Raises:
        ConfigError: there is no such feature, or it has no categories.

    Examples:
        >>> from trainer.data.description import Categories, Category, Number
        >>> users = {"age": Number(), "country": Category(), "device": Category()}
        >>> named_crosses(Description(user_features=users, item_features={"tags": Categories()}), "auto")
        (('user_id', 'tags'), ('country', 'movie_id'), ('age', 'movie_id'), ('device', 'tags'))
    """
    users = description.select("user", "category", "number", "time")
    items = description.select("item", "categories", "category", "number", "time")
    if names != AUTO:
        for of_user, of_item in names:
            _declared(description, (of_user,), (USER_SIDE, *users))
            _declared(description, (of_item,), (ITEM_SIDE, *items))
        return tuple(names)
    words = (description.select("item", "categories") or description.select("item", "category"))[:1]
    first, *others = description.select("user", "category") or ("",)
    whole = [key for key in others if getattr(description.user_features[key], "prefix", None) is None]
    numbers = description.select("user", "number")[:1]
    pairs = [
        *((USER_SIDE, key) for key in words),
        *((key, ITEM_SIDE) for key in (first, *numbers) if key),
        *((key, word) for key in whole for word in words),
    ]
    return tuple(pairs)


def unlearned_context(model: Any, description: Description) -> str:
    """Returns a sentence on context features that `features: all` leaves out; "" if it leaves out none.

    Args:
        model: a model's config.
        description: the features of the data.

    Examples:
        >>> from types import SimpleNamespace as Config
        >>> from trainer.data.description import Category, Text
        >>> search = Description(context_features={"device": Category(), "query": Text()})
        >>> unlearned_context(Config(kind="dcn", features="all", learns_context=True), search)
        ''
        >>> unlearned_context(Config(kind="mf", features="all"), search)
        'device (category), query (text) are not learned: mf learns no context'
    """
    if getattr(model, "features", ALL) != ALL:  # chosen by name
        return ""
    left_out = [f"{key} ({feature.type})" for key, feature in description.context_features.items()]
    if not left_out or getattr(model, "learns_context", False):
        return ""
    are = "is" if len(left_out) == 1 else "are"
    return f"{', '.join(left_out)} {are} not learned: {model.kind} learns no context"


def check_features(model: Any, description: Description) -> None:
    """Checks the names in a model's config against the features of the data.

    Raises:
        ConfigError: a name is not that of a feature, or the kind does not learn such features.
    """
    for option, named in (("features", named_fields), ("dense", named_numbers), ("crosses", named_crosses)):
        names = getattr(model, option, None)
        if names is None or isinstance(names, int):  # dcn's crosses are a number of layers
            continue
        if option == "features" and names != ALL:
            names = tuple(name for name in names if name not in getattr(model, "also", ()))
        options = (
            {"context": True} if option == "features" and getattr(model, "learns_context", False) else {}
        )
        try:
            named(description, names, **options)
        except ConfigError as error:
            raise ConfigError(f"model.{option} = {_shown(names)}: {error.message}", error.hint) from None


def _declared(description: Description, names: Iterable[str], allowed: Sequence[str]) -> tuple[str, ...]:
    names = tuple(names)
    for name in names:
        if name not in allowed:
            if name in description.context_features:
                raise ConfigError(
                    f"{name} is a context feature, which this option does not take",
                    f"Allowed: {', '.join(allowed) or 'none'}. Of ranking models all kinds but mf and joint "
                    "learn context.",
                )
            found = description.features().get(name)
            what = f"the data has no feature {name}"
            if found:
                what = f"{name} is a feature of the {found[0]} of type {found[1].type}"
            raise ConfigError(what, f"Allowed: {', '.join(allowed) or 'none'}.")
    return names


def _shown(names: Any) -> str:
    return names if isinstance(names, str) else f"[{', '.join(map(str, names))}]"

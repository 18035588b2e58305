"""The types of features that a description declares, and what can be said of each. Light to import."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from marquee.strict import Strict


class _Feature(Strict):
    """What all types of features have in common."""

    column: str | None = Field(
        None, description="column of the file that holds it; null: the one with the feature's own name"
    )
    pattern: str | None = Field(
        None,
        description="regular expression with one group, which is the value; null: the whole cell; a cell "
        "that it does not match has no value",
    )
    name: str | None = Field(
        None, description="name in tf.Examples, statistics and slices; null: the feature's own name"
    )
    of: Literal["title"] | None = Field(
        None,
        description="title: derived from the item's title by `pattern` where it is needed, and no feature of "
        "tf.Examples; null: it has a column",
    )
    none: tuple[str, ...] = Field(
        (), description="cells that mean that there is no value, besides empty ones"
    )


class Category(_Feature):
    """One word of a vocabulary, such as a country or a brand; learned as an embedding."""

    type: Literal["category"] = "category"
    prefix: int | None = Field(
        None,
        ge=1,
        description="characters by which models tell words apart, from the first on; null: all of them",
    )
    values: tuple[str, ...] | None = Field(
        None, description="the words, in order; null: those of train, the most frequent first"
    )
    limit: int = Field(
        50_000,
        ge=1,
        description="words that have an embedding of their own, the most frequent; others share hashed ones",
    )
    slices: bool = Field(True, description="whether evaluation reports each word, of at most 50, on its own")
    default: str | None = Field(
        None, description="value of a request that does not give it (context, and users without an id)"
    )


class Categories(_Feature):
    """Any number of words, such as tags; learned as the sum of their embeddings over √n."""

    type: Literal["categories"] = "categories"
    separator: str = Field("|", min_length=1, description="what stands between two words in one cell")
    limit: int = Field(
        50_000,
        ge=1,
        description="words that have an embedding of their own, the most frequent; others are left out",
    )
    slices: bool = Field(True, description="whether evaluation reports each word, of at most 50, on its own")
    default: tuple[str, ...] = Field(
        (), description="words of a request that does not give any (context only)"
    )


class Number(_Feature):
    """A number, such as an age or a price; learned in bins, and standardised where a model takes numbers."""

    type: Literal["number"] = "number"
    boundaries: tuple[float, ...] | None = Field(
        None, description="ascending boundaries between bins; null: `bin_width`, else quantiles of train"
    )
    bin_width: float | None = Field(None, gt=0, description="width of each bin, from train's least value on")
    bins: int = Field(10, ge=2, description="number of bins where quantiles are taken")
    labels: tuple[str, ...] = Field(
        (), description="names of the bins between `boundaries`, for slices and reports; none: ranges"
    )
    default: float | None = Field(
        None, description="value of a request that does not give it (context, and users without an id)"
    )

    @model_validator(mode="after")
    def _bins_have_one_rule(self) -> "Number":
        if self.boundaries is not None and self.bin_width is not None:
            raise ValueError("give boundaries or bin_width")
        if self.boundaries is not None and list(self.boundaries) != sorted(set(self.boundaries)):
            raise ValueError("boundaries must ascend")
        if self.labels and len(self.labels) != len(self.boundaries or ()) + 1:
            raise ValueError("labels needs one name more than there are boundaries")
        return self


class Text(_Feature):
    """Free text, such as a title or a summary; learned as the sum of its words' embeddings over √n."""

    type: Literal["text"] = "text"
    limit: int = Field(20_000, ge=1, description="words that have an embedding, the most frequent")
    default: str | None = Field(None, description="text of a request that does not give it (context only)")


class Vector(_Feature):
    """A vector of fixed length, such as an image's embedding; learned as a projection."""

    type: Literal["vector"] = "vector"
    length: int = Field(ge=1, description="number of numbers")
    separator: str = Field(" ", min_length=1, description="what stands between two numbers in one cell")
    default: tuple[float, ...] | None = Field(
        None, description="vector of a request that does not give it (context only)"
    )

    @model_validator(mode="after")
    def _default_has_the_length(self) -> "Vector":
        if self.default is not None and len(self.default) != self.length:
            raise ValueError(f"default has {len(self.default)} numbers: give {self.length}, as length says")
        return self


class Time(_Feature):
    """A moment, such as a release date; seconds since 1970 in tf.Examples, learned in bins as a number."""

    type: Literal["time"] = "time"
    unit: Literal["auto", "s", "ms", "us", "ns", "iso"] = Field(
        "auto", description="unit of the column; auto: told from its size, or ISO 8601"
    )
    bins: int = Field(10, ge=2, description="number of bins, by quantiles of train")


Feature: TypeAlias = Annotated[
    Category | Categories | Number | Text | Vector | Time, Field(discriminator="type")
]
Features: TypeAlias = dict[str, Feature]

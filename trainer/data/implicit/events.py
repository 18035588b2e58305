"""Types of events, such as view, cart and purchase, and the answers about each. Light to import."""

from typing import Annotated

from pydantic import Field, model_validator

from marquee.strict import Strict
from trainer.data.names import Name, identifier

#: The output that orders lists: the expected weight of an event, as a share of the largest weight.
WORTH = "worth"


class Events(Strict):
    """The types of events of implicit data, of which there are two at least.

    Examples:
        >>> shop = Events(weights={"view": 1, "Add to cart": 3})
        >>> shop.types, shop.outputs["Add to cart"]
        (('view', 'Add to cart'), 'chance_of_add_to_cart')
        >>> shop.shares
        (0.3333333333333333, 1.0)
    """

    name: Name = Field("event", description="name of the event type in tf.Examples")
    weights: dict[str, Annotated[float, Field(gt=0)]] = Field(
        min_length=2, description="weight of each event type"
    )

    @model_validator(mode="after")
    def _answers_have_names_of_their_own(self) -> "Events":
        seen: dict[str, str] = {}
        for event, output in self.outputs.items():
            if output in seen:
                raise ValueError(
                    f"event types {seen[output]!r} and {event!r} would both be answered as {output}: "
                    "rename one of them in the data"
                )
            seen[output] = event
        return self

    @property
    def types(self) -> tuple[str, ...]:
        """Returns the event types; the code of each is its place here plus one, and 0 is none of them."""
        return tuple(self.weights)

    @property
    def outputs(self) -> dict[str, str]:
        """Returns the name under which a ranking model answers the chance of each event type."""
        return {
            event: f"chance_of_{identifier(event) or f'event_{place}'}"
            for place, event in enumerate(self.weights, start=1)
        }

    @property
    def shares(self) -> tuple[float, ...]:
        """Returns each event type's weight as a share of the largest."""
        most = max(self.weights.values())
        return tuple(weight / most for weight in self.weights.values())

    def measure(self, name: str, event: str) -> str:
        """Returns the name of a measure of one event type's chances, such as `auc_of_purchase`."""
        return f"{name}_of_{self.outputs[event].removeprefix('chance_of_')}"

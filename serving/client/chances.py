"""Whether a model on a server predicts chances of an interaction, and not ratings."""

from serving.client import Client
from serving.errors import ServingError

SIGNATURE = "chances"  # only models of implicit feedback have it


def predicts_chances(client: Client, model: str) -> bool:
    """Returns whether `user_rating` of a model is a chance from 0 to 1; False if the server does not tell."""
    try:
        return SIGNATURE in client.metadata(model)
    except ServingError:
        return False


def rating_text(rating: float, chance: bool) -> str:
    """Returns a predicted rating, or a chance in percent, as people read it.

    Examples:
        >>> rating_text(3.456, chance=False), rating_text(0.3456, chance=True), rating_text(0.004, True)
        ('3.46', '35 %', '0.4 %')
    """
    if not chance:
        return f"{rating:.2f}"
    return f"{100 * rating:.0f} %" if rating >= 0.1 else f"{100 * rating:.1f} %"

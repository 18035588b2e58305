"""Section with ten example users."""

from pipeline.report.blocks import Part, People, Section
from pipeline.report.sources import Sources
from pipeline.report.words import plural


def people(sources: Sources) -> Section:
    """Returns the section, with users from the least to the most active."""
    users = sources.details.get("users")
    if not users:
        return Section("people", "Ten users", "")
    found = sum(film["given"] is not None for user in users for film in user["shown"])
    shown = sum(len(user["shown"]) for user in users)
    lead = (
        f"From the least to the most active, evenly spread: what they watched last, and what they get. "
        f"{found} of the {plural(shown, 'film')} shown they did rate, in test, which no model has seen."
    )
    return Section("people", "Ten users", lead, [Part("", [People(users)])])

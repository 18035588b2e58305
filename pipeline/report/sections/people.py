"""Section with ten example users."""

from pipeline.report.blocks import Part, People, Section
from pipeline.report.sources import Sources
from pipeline.report.words import plural


def people(sources: Sources) -> Section:
    """Returns the section, with users from the least to the most active."""
    users = sources.details.get("users")
    if not users:
        return Section("people", "Example users", "")
    found = sum(film["given"] is not None for user in users for film in user["shown"])
    shown = sum(len(user["shown"]) for user in users)
    lead = (
        f"Users from the least to the most active: what they watched last, and what is recommended. "
        f"{found} of the {plural(shown, 'film')} recommended are among their held-out ratings in test."
    )
    return Section("people", "Example users", lead, [Part("", [People(users)])])

"""The proposed configuration as YAML, with a comment wherever something was guessed."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from pipeline.inspection.guessing.feature_types import FeatureGuess
from pipeline.inspection.guessing.models import model_settings
from pipeline.inspection.guessing.movielens import Release
from pipeline.inspection.proposal import Part, Proposal

_COLUMN = 52
_DOCS = "docs/configuration.md"


def configuration(proposal: Proposal, name: str, schema: str) -> str:
    """Returns the configuration of a run.

    Args:
        proposal: what was found.
        name: the pipeline's name.
        schema: the path of the schema, as the configuration names it.
    """
    return "\n".join([*_head(proposal, name), *_data(proposal), *_rest(proposal, schema)]) + "\n"


def of_movielens(release: Release, path: Path, name: str, ready_made: str) -> str:
    """Returns the configuration of a MovieLens release.

    Args:
        release: which one.
        path: where it is.
        name: the pipeline's name.
        ready_made: the text of the ready-made configuration that suits it.
    """
    head = _said(f"# {path} is MovieLens, {release.dataset}: {release.why}.")
    lines = []
    for line in ready_made.splitlines():
        if line.startswith("name:"):
            line = f"name: {_scalar(name)}"
        if line.startswith("  dataset:"):
            line = f"  dataset: {release.dataset}\n  path: {_scalar(str(path))}"
        lines.append(line)
    return "\n".join([head, *(line for line in lines if not line.startswith("#"))]) + "\n"


def _head(proposal: Proposal, name: str) -> Iterator[str]:
    yield _said(
        f"# What `marquee inspect {proposal.path}` found. Read it, change what is wrong, and run it with"
    )
    yield "# `marquee run --config` and this file's name. A comment says why something was guessed."
    yield f"# All keys: {_DOCS}"
    for place, doubt in enumerate(proposal.doubts):
        yield from _wrapped(doubt, "# Please check: " if not place else "#               ")
    yield ""
    yield f"name: {_scalar(name)}"


def _data(proposal: Proposal) -> Iterator[str]:
    described, roles = proposal.described, proposal.roles
    interactions = described.interactions
    yield "data:"
    yield "  dataset: custom"
    yield _line(f"  path: {_scalar(str(proposal.path))}", _where(proposal.path))
    yield "  interactions:"
    yield from _file(interactions.path, interactions.format, proposal.interactions.recognised.how)
    if interactions.format.kind != "sequences":
        for role, guess in (("user", roles.user), ("item", roles.item)):
            yield _line(f"    {role}: {_scalar(guess.column)}", f"{guess.detail}; {guess.why}")
    strength = roles.strength.guess
    if strength is None:
        yield "    # No rating, count or event: each interaction is worth 1 (implicit feedback)."
    elif interactions.rating:
        flow = interactions.rating.model_dump(exclude_none=True)
        yield _line(f"    rating: {_flow(flow)}", strength.why)
    elif interactions.event:
        yield "    event:"
        yield _line(f"      column: {_scalar(interactions.event.column)}", strength.why)
        yield _line(f"      weights: {_flow(_numbers(interactions.event.weights))}", strength.detail)
        if interactions.event.others == "skip":
            yield _line("      others: skip", "leaves the rows of other events out")
    else:
        yield _line(f"    count: {_scalar(strength.column)}", f"{strength.detail}; {strength.why}")
    if interactions.time:
        assert roles.time is not None  # where the column comes from
        yield _line(f"    time: {_flow(interactions.time.model_dump())}", roles.time.why)
    elif interactions.format.kind != "sequences":
        yield "    # No column of times: splits by time are not possible."
    yield from _features(proposal.context)
    for column in proposal.left_out:
        yield _said(f"    # {column.column} is left out: {column.why}.")
    for name, part in (("items", proposal.items), ("users", proposal.users)):
        if part:
            yield from _part(name, part, proposal)
    nouns = described.nouns.model_dump(exclude_none=True)
    yield _line(f"  nouns: {_flow(nouns)}", "words for reports and pages")
    names = described.description.names.by_role()
    yield _line(f"  names: {_flow(names)}", "in tf.Examples, requests and answers")
    yield from _split(proposal)


def _part(name: str, part: Part, proposal: Proposal) -> Iterator[str]:
    described = getattr(proposal.described, name)
    yield f"  {name}:"
    yield from _file(described.path, described.format, part.table.recognised.how)
    yield _line(f"    id: {_scalar(part.id)}", joined(name, part))
    if name == "items" and part.title:
        yield f"    title: {_scalar(part.title)}"
    yield from _features(part.features)
    for guess in part.left_out:
        yield _said(f"    # {guess.column} is left out: {guess.why}.")


def joined(name: str, part: Part) -> str:
    """Returns how the ids of a file meet those of the interactions, in words."""
    if part.join is None:
        return f"{name} are described in the file of interactions itself"
    rest = f", and {part.join.others:,} more" if part.join.others else ""
    return f"{part.join.matched:,} of the {part.join.seen:,} {name} that were seen{rest}"


def _features(features: Mapping[str, FeatureGuess]) -> Iterator[str]:
    if features:
        yield "    features:"
    for key, guess in features.items():
        assert guess.feature is not None  # what is left out is no feature
        given = guess.feature.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        flow = _flow({"type": guess.feature.type, **given})
        yield _line(f"      {_scalar(key)}: {flow}", guess.why)


def _file(path: str | None, format: Any, how: str) -> Iterator[str]:
    if path:
        yield f"    path: {_scalar(path)}"
    given = format.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    yield _line(f"    format: {_flow(given)}", how)


def _split(proposal: Proposal) -> Iterator[str]:
    if proposal.described.interactions.format.kind == "sequences":
        yield _line(
            "  split: {kind: leave_last_out}", "each user's last item is for test, the one before for eval"
        )
    else:
        yield _line("  split: {kind: hash, eval: 0.1, test: 0.1}", "or temporal, leave_last_out, random, …")


def _rest(proposal: Proposal, schema: str) -> Iterator[str]:
    settings = model_settings(
        proposal.described, proposal.interactions.total, proposal.users_seen, proposal.items_seen
    )
    yield _line(f"validate: {{schema: {_scalar(schema)}}}", "what the data has to keep to, from then on")
    for section, said in _SECTIONS.items():
        if section in settings:
            yield f"{section}:"
            for key, value in settings[section].items():
                yield _line(f"  {key}: {_flow(value)}", said.get(key, ""))


_SECTIONS: dict[str, dict[str, str]] = {
    "ranking": {
        "model": "`marquee models` lists the kinds",
        "tune": "true: searches hyperparameters first, and takes longer",
        "bless": "a model whose error is larger is not served",
    },
    "retrieval": {
        "model": "or ease, mf, sasrec, …",
        "bless": "too few users to ask for more than popularity",
    },
    "recommender": {},
}


def _where(path: Path) -> str:
    return "" if path.is_absolute() else "seen from where `marquee run` is called"


def _numbers(weights: Mapping[str, float]) -> dict[str, float | int]:
    return {word: int(weight) if weight == int(weight) else weight for word, weight in weights.items()}


def _line(text: str, comment: str) -> str:
    return f"{text:<{_COLUMN}}  # {_said(comment)}".rstrip() if comment else text


def _said(comment: str) -> str:
    """Returns a comment on one line: what a cell may hold, but YAML and a terminal may not, is escaped."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in comment)


def _wrapped(text: str, start: str) -> Iterator[str]:
    import textwrap

    yield from textwrap.wrap(_said(text), 110, initial_indent=start, subsequent_indent="#               ")


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        value = {key: _short(each) for key, each in value.items()}
    return yaml.safe_dump(
        value, default_flow_style=True, sort_keys=False, width=10**6, allow_unicode=True
    ).strip()


def _short(value: Any) -> Any:
    """Returns numbers as people write them: 5, not 5.0."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value


def _scalar(text: str) -> str:
    return yaml.safe_dump(text, width=10**6, allow_unicode=True).removesuffix("...\n").strip()

"""The whole inspection: look, propose, check that a run would take the proposal, and write it."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import yaml

from marquee.errors import DataError
from pipeline.config.load import CONFIGS, check_config
from pipeline.inspection.guessing.movielens import Release, recognise_movielens
from pipeline.inspection.proposal import Proposal
from pipeline.inspection.propose import propose
from pipeline.inspection.writing.files import refuse_overwriting, write_all
from pipeline.inspection.writing.schema import inferred_schema
from pipeline.inspection.writing.yaml_text import configuration, of_movielens


@dataclass(frozen=True)
class Inspected:
    """The result of an inspection.

    Attributes:
        proposal: what was found; None for MovieLens.
        release: the MovieLens release; None for other data.
        written: the files that were written, the configuration first.
    """

    proposal: Proposal | None
    release: Release | None
    written: tuple[Path, ...]


def inspect(
    path: Path,
    out: Path,
    force: bool = False,
    report: Callable[[str], None] = lambda line: None,
    found: Callable[[Proposal], None] = lambda proposal: None,
) -> Inspected:
    """Inspects files and writes a configuration and, unless it is MovieLens, a schema beside it.

    Args:
        path: a file, a folder or an archive.
        out: the configuration to write, a `.yaml` file.
        force: whether existing files may be overwritten.
        report: told, in a line each, what is being done.
        found: told the proposal as soon as there is one, before anything is written.

    Raises:
        DataError: nothing could be read, nobody and nothing could be recognised, or a file exists already.
    """
    if out.suffix not in (".yaml", ".yml"):
        raise DataError(f"{out}: a configuration is a .yaml file", f"Write --out {out.with_suffix('.yaml')}.")
    release = recognise_movielens(path)
    schema = out.with_suffix(".pbtxt")
    refuse_overwriting([out] if release else [out, schema], force)
    name = _name(out)
    if release:
        ready_made = (CONFIGS / f"{release.config}.yaml").read_text(encoding="utf-8")
        texts = {out: of_movielens(release, path, name, ready_made)}
        proposal = None
    else:
        proposal = propose(path, report)
        found(proposal)
        report("inferring the schema")
        texts = {out: configuration(proposal, name, str(schema)), schema: inferred_schema(proposal)}
    check_config(yaml.safe_load(texts[out]), str(out))
    write_all(texts)
    return Inspected(proposal, release, tuple(texts))


def _name(out: Path) -> str:
    """Returns a pipeline's name from the name of a file."""
    return re.sub(r"[^a-z0-9._-]+", "-", out.stem.casefold()).strip("-._") or "mine"

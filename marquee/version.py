"""Version of Marquee."""

import importlib.metadata
import tomllib
from pathlib import Path

_PROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"


def version() -> str:
    """Returns the version in the pyproject.toml beside the code, or else that of the installed package."""
    try:
        project: dict[str, str] = tomllib.loads(_PROJECT.read_text(encoding="utf-8"))["project"]
        return project["version"]
    except FileNotFoundError:
        return importlib.metadata.version("marquee")

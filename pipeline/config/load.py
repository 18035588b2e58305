"""Reads a configuration: a ready-made one or a file, overridden by `--set` and the other flags."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pydantic
import yaml

from marquee.errors import ConfigError

if TYPE_CHECKING:
    from pipeline.config.schema import RunConfig

#: The ready-made configurations, shipped beside the packages.
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def run_config(config: str, overrides: list[str] | None, data: Path | None, no_tune: bool) -> "RunConfig":
    """The configuration of a run from its options, for every command that runs, schedules or compiles one.

    Args:
        config: `--config`.
        overrides: `--set`.
        data: `--data`.
        no_tune: `--no-tune`.

    Raises:
        ConfigError: names the file, the key, the value and what is allowed.
    """
    off = False if no_tune else None
    return load_config(
        config,
        overrides or [],
        data__path=str(data) if data else None,
        ranking__tune__enabled=off,
        retrieval__tune__enabled=off,
    )


def load_config(name_or_file: str, overrides: Sequence[str] = (), **flags: Any) -> "RunConfig":
    """Reads, overrides and validates a configuration.

    Args:
        name_or_file: `ml-100k` and the like, or a path to a YAML file.
        overrides: `a.b=1` each; values are YAML.
        flags: dotted paths (with `__` for the dot) to values that are not None.

    Raises:
        ConfigError: names the file, the key, the value and what is allowed.
    """
    file = find_config(name_or_file)
    plain = _read(file)
    sources: dict[str, str] = {}
    for text in overrides:
        path, separator, value = text.partition("=")
        if not separator or not path:
            raise ConfigError(f"--set {text!r} is not of the form a.b=1")
        try:
            _assign(plain, path, yaml.safe_load(value))
        except yaml.YAMLError:
            raise ConfigError(f"--set {text!r}: the value is not YAML") from None
        sources[path] = f"--set {text}"
    for path, value in flags.items():
        if value is not None:
            _assign(plain, path.replace("__", "."), value)
    return check_config(plain, str(file), sources)


def check_config(plain: dict[str, Any], file: str, sources: dict[str, str] | None = None) -> "RunConfig":
    """Validates a configuration that was read.

    Args:
        plain: its keys and values.
        file: the file that it is from, for the messages.
        sources: by dotted path, what set it instead of the file.

    Raises:
        ConfigError: names the file, the key, the value and what is allowed.
    """
    from pipeline.config.schema import RunConfig

    try:
        return RunConfig.model_validate(plain)
    except pydantic.ValidationError as error:
        raise ConfigError(_explain(error, plain, sources or {}, file)) from None


def find_config(name_or_file: str) -> Path:
    """The file behind a ready-made name or a path.

    Raises:
        ConfigError: neither; the ready-made names are listed.
    """
    given = Path(name_or_file)
    if given.suffix in (".yaml", ".yml"):
        if given.is_file():
            return given
        raise ConfigError(f"no configuration at {given}")
    ready_made = CONFIGS / f"{name_or_file}.yaml"
    if ready_made.is_file():
        return ready_made
    names = ", ".join(sorted(file.stem for file in CONFIGS.glob("*.yaml")))
    raise ConfigError(
        f"no configuration is called {name_or_file!r}", f"ready-made: {names}; or give a path to a .yaml file"
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        plain = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} is not YAML: {' '.join(str(error).split())}") from None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
    if not isinstance(plain, dict):
        raise ConfigError(f"{file} holds {type(plain).__name__}, expected keys and values")
    return plain


def _assign(plain: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for key in parents:
        if not isinstance(plain.get(key), dict):
            plain[key] = {}
        plain = plain[key]
    if last == "kind" and plain.get("kind") != value:
        plain.clear()  # another kind has other keys
    plain[last] = value


def _explain(
    error: pydantic.ValidationError, plain: dict[str, Any], sources: dict[str, str], file: str
) -> str:
    """One line per mistake: where it was made, the key, the value, what is wrong and what is allowed."""
    lines = []
    for mistake in error.errors(include_url=False):
        path = _path(plain, mistake["loc"])
        said = next((where for p, where in reversed(sources.items()) if _within(path, p)), file)
        if mistake["type"] == "extra_forbidden":
            lines.append(f"{said}: unknown key {path!r}{_allowed(mistake['loc'])}")
        elif not mistake["loc"]:  # of keys that do not go together
            lines.append(f"{file}: {mistake['msg'].removeprefix('Value error, ')}")
        elif mistake["type"] == "missing":
            lines.append(f"{said}: key {path!r} is missing")
        else:
            lines.append(f"{said}: {path} = {mistake['input']!r}: {mistake['msg']}")
    return "\n".join(lines)


def _path(plain: Any, location: tuple[int | str, ...]) -> str:
    """A mistake's place as the user wrote it: pydantic puts a union's kind among the keys."""
    keys = []
    for place, key in enumerate(location):
        last = place == len(location) - 1
        if isinstance(plain, dict) and key not in plain and plain.get("kind") == key and not last:
            continue
        keys.append(str(key))
        plain = plain.get(key) if isinstance(plain, dict) else None
    return ".".join(keys)


def _within(path: str, other: str) -> bool:
    return f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}.")


def _allowed(location: tuple[int | str, ...]) -> str:
    """The keys that are allowed in place of an unknown one."""
    from pipeline.config.reference import fields_at
    from pipeline.config.schema import RunConfig

    names = fields_at(RunConfig, location[:-1])
    return f"; allowed: {', '.join(names)}" if names else ""

"""Walks the configuration models: for error messages, and for the table in `docs/configuration.md`."""

import json
from typing import Any, get_args, get_origin

import pydantic
from pydantic.fields import FieldInfo


def fields_at(model: type[pydantic.BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """The keys allowed at a place in the configuration; empty where there is no model.

    Args:
        model: the outermost model.
        location: keys from the outside in, as pydantic's errors give them; a discriminated union adds
            the kind as a key of its own.
    """
    candidates: list[Any] = [model]
    for key in location:
        following = []
        for candidate in candidates:
            for name, field in candidate.model_fields.items():
                if key in (name, field.alias):
                    following += _models_in(field.annotation)
        if not following:  # a union's tag, such as `random`: stay, but keep the model that bears it
            following = [c for c in candidates if key in _kinds(c)] or candidates
        candidates = following
    names = {field.alias or name for c in candidates for name, field in c.model_fields.items()}
    return sorted(names)


def reference(model: type[pydantic.BaseModel], prefix: str = "") -> list[tuple[str, str, str]]:
    """Rows of (dotted path, default, description) for every leaf of a configuration model.

    A union that `kind` discriminates gives a row for each key of each kind, the kind in brackets.
    """
    rows = []
    for name, field in model.model_fields.items():
        path, models = f"{prefix}{field.alias or name}", _models_in(field.annotation)
        if not models or get_origin(field.annotation) is dict:
            rows.append((path, _default(field), field.description or ""))
        elif len(models) == 1:
            rows += reference(models[0], f"{path}.")
        else:
            for kind in models:
                [tag] = _kinds(kind)
                rows.append((f"{path}.kind", f"`{tag}`", (kind.__doc__ or "").split("\n")[0]))
                rows += [
                    (f"{p} ({tag})", d, t) for p, d, t in reference(kind, f"{path}.") if p != f"{path}.kind"
                ]
    return rows


def fields_of(kind: type[pydantic.BaseModel]) -> list[dict[str, Any]]:
    """The options of one kind of a union: `name`, `default` (plain) and `what` (the description) of each."""
    return [
        {
            "name": name,
            "default": json.loads(json.dumps(_plain(field.get_default(call_default_factory=True)))),
            "what": field.description or "",
        }
        for name, field in kind.model_fields.items()
        if name != "kind"
    ]


def markdown(model: type[pydantic.BaseModel]) -> str:
    """The reference as a Markdown table."""
    lines = ["| key | default | what it is |", "|---|---|---|"]
    return "\n".join(
        [*lines, *(f"| `{path}` | {default} | {text} |" for path, default, text in reference(model))]
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = _plain(field.get_default(call_default_factory=True))
    return f"`{json.dumps(value, default=str)}`"


def _plain(value: Any) -> Any:
    if isinstance(value, pydantic.BaseModel):
        return value.model_dump(mode="json", exclude_defaults=True)
    return {k: _plain(v) for k, v in value.items()} if isinstance(value, dict) else value


def _kinds(model: type[pydantic.BaseModel]) -> tuple[Any, ...]:
    kind = model.model_fields.get("kind")
    return get_args(kind.annotation) if kind else ()


def _models_in(annotation: Any) -> list[type[pydantic.BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        return [annotation]
    if get_origin(annotation) is None:
        return []
    return [model for argument in get_args(annotation) for model in _models_in(argument)]


if __name__ == "__main__":
    from pipeline.config.schema import RunConfig

    print(markdown(RunConfig))

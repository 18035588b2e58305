"""Walks the configuration models: for error messages, and for the README's table."""

from typing import Any, get_args, get_origin

import pydantic


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
    """Rows of (dotted path, default, description) for every leaf of a configuration model."""
    rows = []
    for name, field in model.model_fields.items():
        path = f"{prefix}{field.alias or name}"
        models = _models_in(field.annotation)
        if len(models) == 1 and not str(field.annotation).startswith("dict"):
            rows += reference(models[0], f"{path}.")
            continue
        default = "required" if field.is_required() else _plain(field.get_default(call_default_factory=True))
        rows.append((path, str(default), field.description or (models[0].__doc__ or "").split("\n")[0] if models
                     else field.description or ""))
    return rows


def _plain(value: Any) -> Any:
    if isinstance(value, pydantic.BaseModel):
        return {k: _plain(v) for k, v in value.model_dump(exclude_defaults=True).items()} or "defaults"
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

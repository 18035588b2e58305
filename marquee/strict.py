"""The base of every configuration model: frozen, and no key that nobody reads."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from marquee.errors import ConfigError


class Strict(BaseModel):
    """A frozen pydantic model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())

    @classmethod
    def checked(cls, tree: Mapping[str, Any]) -> Self:
        """Validates plain data, with an error that a user can read.

        Raises:
            ConfigError: a line for each wrong key or value.
        """
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            lines = (
                f"{'.'.join(map(str, each['loc']))} = {each['input']!r}: {each['msg']}"
                for each in error.errors(include_url=False)
            )
            raise ConfigError("\n".join(lines)) from None
